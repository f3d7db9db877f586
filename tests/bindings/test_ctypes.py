"""The library for C from Python, on klamm-broker and on Apache Kafka (KLAMM_TEST_CLUSTER)."""
import ctypes
import pathlib
import sys
import threading
import time
from ctypes import byref, c_int32, c_int64, c_size_t, c_void_p, string_at

import klamm_ctypes as klamm

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "interop"))
import harness  # noqa: E402

RECORDS = 10_000


class CtypesTest(harness.InteropTest):
    @classmethod
    def setUpClass(cls):
        cls.cluster = harness.cluster()
        cls.addClassCleanup(cls.cluster.close)
        cls.run_id = f"{time.time_ns():x}"

    def config(self, **more):
        config = c_void_p(klamm.config_new())
        self.addCleanup(klamm.config_free, config)
        pairs = [line.split("=", 1) for line in self.cluster.properties.split()]
        for name, value in [("bootstrap.servers", self.cluster.bootstrap), *pairs, *((name.replace("_", "."), value) for name, value in more.items())]:
            klamm.call("config_set", config, name.encode(), value.encode())
        return config

    def topic(self, name, partitions=1):
        topic = f"{name}-{self.run_id}".encode()
        admin = klamm.made("admin_new", self.config())
        self.addCleanup(klamm.admin_free, admin)
        klamm.call("admin_create_topics", admin, byref(klamm.sized(klamm.NewTopic, name=topic, partitions=partitions)), c_size_t(1), None, None)
        return topic

    def produce(self, producer, topic, values):
        batch = (klamm.ProducerRecord * len(values))()
        batch[0].struct_size = ctypes.sizeof(klamm.ProducerRecord)
        for number, (row, value) in enumerate(zip(batch, values)):
            row.topic, row.value, row.value_size, row.user = topic, value, len(value), number + 1
        klamm.call("producer_send_batch", producer, batch, c_size_t(len(values)), None)

    def consumer(self, group):
        consumer = klamm.made("consumer_new", self.config(group_id=f"{group}-{self.run_id}", auto_offset_reset="earliest", enable_auto_commit="false"))
        self.addCleanup(klamm.consumer_free, consumer)
        return consumer

    def poll(self, consumer, timeout=500):
        """(partition, offset, key, value) of each record."""
        records = klamm.made("consumer_poll", consumer, c_int64(timeout))
        rows = [(row.partition, row.offset, row.key, string_at(row.value, row.value_size))
                for row in klamm.read("records_read", records, klamm.ConsumerRecord)]
        klamm.records_free(records)
        return rows

    def poll_count(self, consumer, count):
        rows = []
        self.wait_until(lambda: rows.extend(self.poll(consumer)) or len(rows) >= count, f"{count} records")
        return rows

    def test_structs_stand_as_in_c(self):
        rows = dict(line.split(" ", 1) for line in (pathlib.Path(__file__).parent / "layout.txt").read_text().splitlines())
        for name, struct in klamm.STRUCTS.items():
            for field, _ in struct._fields_:
                where = getattr(struct, field)
                self.assertEqual(rows[f"{name}.{field}"], f"{where.offset} {where.size}", f"{name}.{field}")

    def test_callbacks_come_once_for_each_record(self):
        topic = self.topic("callbacks")
        seen = []

        @klamm.DELIVERY_FN
        def on_delivery(delivery, user):
            seen.append((delivery[0].user, delivery[0].offset, delivery[0].error_code))

        options = klamm.sized(klamm.ProducerOptions, on_delivery=on_delivery)
        producer = klamm.made("producer_new", self.config(), byref(options))
        self.produce(producer, topic, [b"%d" % n for n in range(RECORDS)])
        klamm.call("producer_flush", producer)
        self.assertEqual(seen, [(n + 1, n, 0) for n in range(RECORDS)])
        klamm.producer_free(producer)

    def test_deliveries_are_taken_without_a_foreign_thread(self):
        topic = self.topic("taken")
        producer = klamm.made("producer_new", self.config(), byref(klamm.sized(klamm.ProducerOptions, delivery_queue_limit=RECORDS)))
        self.addCleanup(klamm.producer_free, producer)
        self.produce(producer, topic, [b"%d" % n for n in range(RECORDS)])
        offsets = []

        def take():
            deliveries = klamm.made("producer_take_deliveries", producer, c_int64(1000))
            offsets.extend(row.offset for row in klamm.read("deliveries_read", deliveries, klamm.Delivery))
            klamm.deliveries_free(deliveries)
            return len(offsets) >= RECORDS

        self.wait_until(take, "a delivery for each record")
        self.assertEqual(offsets, list(range(RECORDS)))

    def test_two_members_share_a_topic_and_commit(self):
        topic = self.topic("shared", partitions=4)
        members = [self.consumer("pair") for _ in range(2)]
        names = (ctypes.c_char_p * 1)(topic)
        for member in members:
            klamm.call("consumer_subscribe", member, names, c_size_t(1), None)

        def owned(member):
            self.poll(member, 100)
            assignment = klamm.made("consumer_assignment", member)
            count = klamm.partitions_count(assignment)
            klamm.partitions_free(assignment)
            return count

        self.wait_until(lambda: [owned(member) for member in members] == [2, 2], "two partitions for each member", seconds=60)
        producer = klamm.made("producer_new", self.config(), None)
        self.produce(producer, topic, [b"%d" % n for n in range(RECORDS)])
        klamm.producer_free(producer)
        got = [[], []]
        self.wait_until(lambda: [rows.extend(self.poll(member, 50)) for rows, member in zip(got, members)] and sum(map(len, got)) >= RECORDS, "all records")
        self.assertEqual(sorted(int(row[3]) for rows in got for row in rows), list(range(RECORDS)))
        self.assertFalse({row[0] for row in got[0]} & {row[0] for row in got[1]})
        for member in members:
            klamm.call("consumer_commit_sync", member, None, c_int64(klamm.DEFAULT_TIMEOUT))
        asked = klamm.partitions(*((topic, n, -1) for n in range(4)))
        committed = klamm.made("consumer_committed", members[0], asked, c_int64(klamm.DEFAULT_TIMEOUT))
        rows = [klamm.partitions_at(committed, n).contents for n in range(klamm.partitions_count(committed))]
        self.assertEqual(sum(row.offset for row in rows), RECORDS)
        klamm.partitions_free(committed)
        klamm.partitions_free(asked)

    def test_seek_and_wakeup(self):
        topic = self.topic("sought")
        producer = klamm.made("producer_new", self.config(), None)
        self.produce(producer, topic, [b"%d" % n for n in range(100)])
        klamm.producer_free(producer)
        consumer = self.consumer("seeker")
        assigned = klamm.partitions((topic, 0, -1))
        self.addCleanup(klamm.partitions_free, assigned)
        klamm.call("consumer_assign", consumer, assigned)
        klamm.call("consumer_seek", consumer, topic, c_int32(0), c_int64(60))
        self.assertEqual(self.poll_count(consumer, 40), [(0, n, None, b"%d" % n) for n in range(60, 100)])
        threading.Timer(0.2, klamm.consumer_wakeup, [consumer]).start()
        with self.assertRaises(klamm.Error) as raised:
            self.poll(consumer, 60_000)
        self.assertEqual((raised.exception.name, raised.exception.code), ("WAKEUP", -1001))

    def test_errors_say_what_is_wrong(self):
        with self.assertRaisesRegex(klamm.Error, "linger.ms"):
            klamm.call("config_set", self.config(), b"linger.ms", b"soon")
        with self.assertRaises(klamm.Error) as raised:
            klamm.call("producer_flush", None)
        self.assertEqual(raised.exception.name, "ILLEGAL_ARGUMENT")
        self.assertFalse(raised.exception.retriable)
        with self.assertRaises(klamm.Error):  # a consumer is no producer
            klamm.call("producer_flush", self.consumer("other"))
        self.assertEqual(klamm.error_code_name(36), b"TOPIC_ALREADY_EXISTS")


if __name__ == "__main__":
    harness.main()
