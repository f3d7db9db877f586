"""The library for C as Python's ctypes sees it: only what its test needs, and how short a binding can be."""
import ctypes
import os
from ctypes import POINTER, byref, c_char_p, c_int32, c_int64, c_size_t, c_void_p

LIBRARY = ctypes.CDLL(os.environ["KLAMM_C_LIBRARY"])
DEFAULT_TIMEOUT = -1


class Partition(ctypes.Structure):
    _fields_ = [("struct_size", c_size_t), ("topic", c_char_p), ("partition", c_int32), ("has_leader_epoch", c_int32), ("leader_epoch", c_int32),
                ("reserved", c_int32), ("offset", c_int64), ("timestamp", c_int64), ("metadata", c_char_p)]


class ProducerRecord(ctypes.Structure):
    _fields_ = [("struct_size", c_size_t), ("topic", c_char_p), ("key", c_char_p), ("key_size", c_size_t), ("value", c_char_p),
                ("value_size", c_size_t), ("headers", c_void_p), ("header_count", c_size_t), ("has_partition", c_int32), ("partition", c_int32),
                ("has_timestamp", c_int32), ("reserved", c_int32), ("timestamp", c_int64), ("user", c_void_p)]


class Delivery(ctypes.Structure):
    _fields_ = [("struct_size", c_size_t), ("user", c_void_p), ("topic", c_char_p), ("offset", c_int64), ("timestamp", c_int64),
                ("error", c_void_p), ("error_code", c_int32), ("partition", c_int32)]


DELIVERY_FN = ctypes.CFUNCTYPE(None, POINTER(Delivery), c_void_p)


class ProducerOptions(ctypes.Structure):
    _fields_ = [("struct_size", c_size_t), ("on_delivery", DELIVERY_FN), ("user", c_void_p), ("delivery_queue_limit", c_size_t)]


class ConsumerRecord(ctypes.Structure):
    _fields_ = [("struct_size", c_size_t), ("topic", c_char_p), ("offset", c_int64), ("timestamp", c_int64), ("key", c_void_p),
                ("key_size", c_size_t), ("value", c_void_p), ("value_size", c_size_t), ("headers", c_void_p), ("headers_size", c_size_t),
                ("header_count", c_size_t), ("partition", c_int32), ("leader_epoch", c_int32), ("timestamp_type", c_int32), ("reserved", c_int32)]


class NewTopic(ctypes.Structure):
    _fields_ = [("struct_size", c_size_t), ("name", c_char_p), ("partitions", c_int32), ("replication_factor", c_int32), ("configs", c_void_p),
                ("config_count", c_size_t)]


STRUCTS = {"klamm_partition_t": Partition, "klamm_producer_record_t": ProducerRecord, "klamm_delivery_t": Delivery,
           "klamm_producer_options_t": ProducerOptions, "klamm_consumer_record_t": ConsumerRecord, "klamm_new_topic_t": NewTopic}

for name, result, *arguments in [
    ("error_code", c_int32, c_void_p), ("error_name", c_char_p, c_void_p), ("error_message", c_char_p, c_void_p),
    ("error_is_retriable", c_int32, c_void_p), ("error_free", None, c_void_p), ("error_code_name", c_char_p, c_int32),
    ("config_new", c_void_p), ("config_free", None, c_void_p), ("partitions_new", c_void_p), ("partitions_free", None, c_void_p),
    ("partitions_count", c_size_t, c_void_p), ("partitions_at", POINTER(Partition), c_void_p, c_size_t),
    ("producer_free", None, c_void_p), ("consumer_free", None, c_void_p), ("consumer_wakeup", None, c_void_p), ("admin_free", None, c_void_p),
    ("deliveries_free", None, c_void_p), ("records_free", None, c_void_p),
]:
    function = getattr(LIBRARY, "klamm_" + name)
    function.restype, function.argtypes = result, arguments
    globals()[name] = function


class Error(Exception):
    def __init__(self, error):
        self.code, self.name, self.retriable = error_code(error), error_name(error).decode(), bool(error_is_retriable(error))  # noqa: F821
        super().__init__(error_message(error).decode())  # noqa: F821
        error_free(error)  # noqa: F821


def call(name, *arguments):
    """A function that can fail, without its last argument; raises Error."""
    error = c_void_p()
    if getattr(LIBRARY, "klamm_" + name)(*arguments, byref(error)) != 0:
        raise Error(error)


def made(name, *arguments):
    """The same for one that hands out an object as its last result."""
    handle = c_void_p()
    call(name, *arguments, byref(handle))
    return handle


def sized(struct, **fields):
    return struct(struct_size=ctypes.sizeof(struct), **fields)


def partitions(*entries):
    """A list of (topic, partition, offset)."""
    made_list = c_void_p(partitions_new())  # noqa: F821
    for topic, partition, offset in entries:
        call("partitions_add", made_list, topic, c_int32(partition), c_int64(offset))
    return made_list


def read(name, handle, struct, capacity=500):
    """All rows of a batch: one call of C for each `capacity` of them."""
    rows, count = (struct * capacity)(), c_size_t()
    rows[0].struct_size = ctypes.sizeof(struct)
    while True:
        call(name, handle, rows, c_size_t(capacity), byref(count))
        if count.value == 0:
            return
        yield from rows[:count.value]
