"""As much of the protocol as a benchmark or a test needs beside its clients: topics, end offsets, one record, spoken by itself so
that no client that is measured or tested prepares or checks its own run."""
import socket
import struct
import time


UNKNOWN_TOPIC, NO_LEADER, NOT_LEADER = 3, 5, 6


class Broken(Exception):
    """The broker does not answer, or not as it should."""


class NotYet(Broken):
    """The broker does not know or lead a partition; a new one it leads some time after its creation was answered."""


def crc32c_table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


TABLE = crc32c_table()


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def text(value):
    return struct.pack(">h", len(value)) + value.encode()


def array(items):
    return struct.pack(">i", len(items)) + b"".join(items)


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, form):
        values = struct.unpack_from(">" + form, self.data, self.at)
        self.at += struct.calcsize(">" + form)
        return values[0] if len(values) == 1 else values

    def skip(self, count):
        self.at += count

    def text(self):
        length = self.take("h")
        self.at += max(0, length)
        return "" if length < 0 else self.data[self.at - length:self.at].decode()


def one_record_batch(value):
    """A batch of one record without a key; every length in it fits one byte of a varint."""
    now = int(time.time() * 1000)
    body = b"\x00\x00\x00\x01" + bytes([len(value) * 2]) + value + b"\x00"
    record = bytes([len(body) * 2]) + body
    checked = struct.pack(">hiqqqhii", 0, 0, now, now, -1, -1, -1, 1) + record
    return struct.pack(">qiibI", 0, 9 + len(checked), -1, 2, crc32c(checked)) + checked


class Wire:
    """One connection, one request at a time. Threading: one thread."""

    def __init__(self, bootstrap, seconds=30):
        host, port = bootstrap.split(",")[0].rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=seconds)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.correlation = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def receive(self, count):
        data = b""
        while len(data) < count:
            part = self.socket.recv(count - len(data))
            if not part:
                raise Broken("the broker closed the connection")
            data += part
        return data

    def ask(self, key, version, body):
        self.correlation += 1
        request = struct.pack(">hhi", key, version, self.correlation) + text("wire") + body
        self.socket.sendall(struct.pack(">i", len(request)) + request)
        answer = self.receive(struct.unpack(">i", self.receive(4))[0])
        if struct.unpack_from(">i", answer)[0] != self.correlation:
            raise Broken("an answer to another question")
        return Reader(answer[4:])

    def api_versions(self):
        error = self.ask(18, 0, b"").take("h")
        if error:
            raise Broken(f"ApiVersions: error {error}")

    def topic_answers(self, reader, what, with_message):
        for _ in range(reader.take("i")):
            name, error = reader.text(), reader.take("h")
            message = reader.text() if with_message else ""
            if error:
                raise Broken(f"{what} {name}: error {error} {message}")

    def create_topics(self, names, partitions=1, configs=()):
        settings = array([text(key) + text(value) for key, value in configs])
        topics = [text(name) + struct.pack(">ih", partitions, 1) + array([]) + settings for name in names]
        reader = self.ask(19, 2, array(topics) + struct.pack(">i?", 30_000, False))
        reader.take("i")
        self.topic_answers(reader, "CreateTopics", True)
        for name in names:
            self.await_served(name, partitions)

    def has_leaders(self, name):
        reader = self.ask(3, 1, array([text(name)]))
        for _ in range(reader.take("i")):
            reader.take("i")
            reader.text()
            reader.take("i")
            reader.text()
        reader.take("i")
        reader.take("i")  # one topic
        error = reader.take("h")
        reader.text()
        reader.take("?")
        leaders = []
        for _ in range(reader.take("i")):
            partition_error, _, leader = reader.take("hii")
            leaders.append(partition_error == 0 and leader >= 0)
            for _ in range(2):
                reader.skip(4 * reader.take("i"))
        return error == 0 and leaders != [] and all(leaders)

    def delete_topics(self, names):
        reader = self.ask(20, 1, array([text(name) for name in names]) + struct.pack(">i", 30_000))
        reader.take("i")
        self.topic_answers(reader, "DeleteTopics", False)

    def end_offsets(self, name, partitions):
        """How many records the partitions of a topic that lost none hold together."""
        wanted = array([struct.pack(">iq", partition, -1) for partition in range(partitions)])
        reader = self.ask(2, 1, struct.pack(">i", -1) + array([text(name) + wanted]))
        reader.take("i")
        reader.text()
        total = 0
        for _ in range(reader.take("i")):
            partition, error, _, offset = reader.take("ihqq")
            if error:
                kind = NotYet if error in (UNKNOWN_TOPIC, NO_LEADER, NOT_LEADER) else Broken
                raise kind(f"ListOffsets {name}-{partition}: error {error}")
            total += offset
        return total

    def await_served(self, name, partitions, seconds=30):
        """Waits until this broker, which must be the one that leads them all, takes requests for the partitions."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                return self.end_offsets(name, partitions)
            except NotYet as error:
                if time.monotonic() > deadline:
                    raise Broken(f"not served after {seconds} s: {error}") from error
            time.sleep(0.02)

    def produce_one(self, name, value=b"first"):
        """Appends a record to partition 0, acks=1; False while the broker does not know or lead it yet."""
        batch = one_record_batch(value)
        data = array([struct.pack(">ii", 0, len(batch)) + batch])
        reader = self.ask(0, 3, struct.pack(">h", -1) + struct.pack(">hi", 1, 10_000) + array([text(name) + data]))
        reader.take("i")
        reader.text()
        reader.take("i")
        _, error, _, _ = reader.take("ihqq")
        if error not in (0, UNKNOWN_TOPIC, NO_LEADER, NOT_LEADER):
            raise Broken(f"Produce: error {error}")
        return error == 0
