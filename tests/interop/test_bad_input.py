"""Bad input of every kind: one clear line and a non-zero exit, or the protocol's error code; what is stored stays unharmed."""
import os
import pathlib
import re
import socket
import struct
import subprocess
import tempfile

import harness
from harness import InteropTest, KlammBroker, klamm, run

PRODUCE, METADATA, API_VERSIONS = 0, 3, 18
CRC_TABLE = []


def crc32c(data):
    if not CRC_TABLE:
        for number in range(256):
            for _ in range(8):
                number = (number >> 1) ^ (0x82F63B78 if number & 1 else 0)
            CRC_TABLE.append(number)
    crc = 0xFFFFFFFF
    for byte in data:
        crc = CRC_TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def batch(magic=2, count=1, last_delta=0, crc=None, length=None, value=b"hi"):
    """One record batch of one record; the arguments break it."""
    body = struct.pack(">bbb", 0, 0, 0) + b"\x01" + bytes([len(value) * 2]) + value + b"\x00"
    records = bytes([len(body) * 2]) + body
    after_crc = struct.pack(">hiqqqhii", 0, last_delta, 0, 0, -1, -1, -1, count) + records
    checksum = crc32c(after_crc) if crc is None else crc
    tail = struct.pack(">ibI", -1, magic, checksum) + after_crc
    return struct.pack(">qi", 0, len(tail) if length is None else length) + tail


class RawClient:
    """Speaks bytes to a broker."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)

    def send(self, data):
        self.socket.sendall(data)

    def request(self, key, version, body, correlation=7):
        header = struct.pack(">hhih", key, version, correlation, 1) + b"t"
        self.send(struct.pack(">i", len(header) + len(body)) + header + body)

    def answer(self):
        """The next frame, or None when the broker closed the connection."""
        try:
            size = self._exactly(4)
            return size and self._exactly(struct.unpack(">i", size)[0])
        except ConnectionResetError:
            return None

    def _exactly(self, count):
        data = b""
        while len(data) < count:
            more = self.socket.recv(count - len(data))
            if not more:
                return None
            data += more
        return data

    def produce(self, records, acks=1, topic=b"stored"):
        """Error code that Produce answers for one batch."""
        body = struct.pack(">hhii", -1, acks, 5000, 1) + struct.pack(">h", len(topic)) + topic
        body += struct.pack(">iii", 1, 0, len(records)) + records
        self.request(PRODUCE, 7, body)  # zstd needs 7; the layout is that of 3
        return struct.unpack(">h", self.answer()[4 + 4 + 2 + len(topic) + 4 + 4:][:2])[0]

    def close(self):
        self.socket.close()


class BrokerBadInputTest(InteropTest):
    @classmethod
    def setUpClass(cls):
        cls.broker = KlammBroker().start()
        cls.addClassCleanup(cls.broker.close)
        klamm("topics", "--bootstrap-server", cls.broker.bootstrap, "--create", "--topic", "stored")
        klamm("console-producer", "--bootstrap-server", cls.broker.bootstrap, "--topic", "stored", data=b"one\ntwo\n")

    def tearDown(self):
        """Whatever came, the broker serves on and what is stored is unharmed."""
        got = klamm("console-consumer", "--bootstrap-server", self.broker.bootstrap, "--topic", "stored", "--from-beginning",
                    "--max-messages", "2").stdout
        self.assertEqual(got, b"one\ntwo\n")

    def client(self):
        client = RawClient(self.broker.port)
        self.addCleanup(client.close)
        return client

    def test_frames_of_impossible_size_close_the_connection(self):
        for size in (-1, 0, 3, -(2**31), 2**31 - 1, 104857601):
            with self.subTest(size=size):
                client = self.client()
                client.send(struct.pack(">i", size) + b"abc")
                self.assertIsNone(client.answer())

    def test_unknown_apis_and_versions_close_the_connection(self):
        for key, version in ((4, 0), (93, 0), (32767, 0), (-1, 0), (METADATA, 99), (METADATA, -1), (PRODUCE, 0), (PRODUCE, 2), (22, 6)):
            with self.subTest(key=key, version=version):
                client = self.client()
                client.request(key, version, b"\0" * 8)
                self.assertIsNone(client.answer())

    def test_an_unknown_version_of_api_versions_is_answered_with_the_list(self):
        client = self.client()
        client.request(API_VERSIONS, 99, b"\0")  # a header with no tagged fields
        answer = client.answer()
        correlation, error, count = struct.unpack(">ihi", answer[:10])
        self.assertEqual((correlation, error), (7, 35))
        self.assertEqual(len(answer), 10 + 6 * count)

    def test_a_cut_body_closes_the_connection(self):
        for body in (b"", b"\0\0", b"\x7f\xff\xff\xff", b"\0\0\0\1\0\5ab"):
            with self.subTest(body=body):
                client = self.client()
                client.request(METADATA, 1, body)
                self.assertIsNone(client.answer())

    def test_random_bytes_close_the_connection(self):
        for seed in range(20):
            client = self.client()
            client.send(b"GET / HTTP/1.1\r\n\r\n" if seed == 0 else os.urandom(4096))
            client.socket.shutdown(socket.SHUT_WR)
            while client.answer() is not None:
                pass

    def test_broken_batches_get_kafkas_error_codes_and_store_nothing(self):
        good = batch()
        cases = {"crc": (batch(crc=1), 2), "garbage": (b"\x55" * 80, 2), "magic 1": (batch(magic=1), 87), "cut": (good[:-3], 87),
                 "none": (b"", 87), "two batches": (good + good, 87), "wrong last offset delta": (batch(last_delta=4), 87)}
        for name, (records, error) in cases.items():
            with self.subTest(name):
                self.assertEqual(self.client().produce(records), error)
        for name, records in {"count": batch(count=3, last_delta=2), "length": batch(length=10), "negative length": batch(length=-5),
                              "negative count": batch(count=-1), "magic 3": batch(magic=3)}.items():
            with self.subTest(name):
                self.assertIn(self.client().produce(records), (2, 87))
        self.assertEqual(self.client().produce(good, acks=5), 21)
        self.assertEqual(self.client().produce(good, topic=b"nowhere"), 3)

    def test_transactions_fail_at_once_with_a_code_that_is_not_retriable(self):
        name = struct.pack(">h", 3) + b"txn"
        client = self.client()
        client.request(22, 0, name + struct.pack(">i", 60000))
        self.assertEqual(struct.unpack(">h", client.answer()[8:10])[0], 35)
        records, topic = batch(), b"stored"
        body = name + struct.pack(">hii", -1, 5000, 1) + struct.pack(">h", len(topic)) + topic
        client.request(PRODUCE, 7, body + struct.pack(">iii", 1, 0, len(records)) + records)
        self.assertEqual(struct.unpack(">h", client.answer()[4 + 4 + 2 + len(topic) + 4 + 4:][:2])[0], 35)

    def test_a_good_batch_between_bad_ones_is_stored(self):
        klamm("topics", "--bootstrap-server", self.broker.bootstrap, "--create", "--topic", "between")
        for records, error in ((batch(crc=1), 2), (batch(value=b"A"), 0), (batch(magic=0), 87), (batch(value=b"B"), 0)):
            self.assertEqual(self.client().produce(records, topic=b"between"), error)
        got = klamm("console-consumer", "--bootstrap-server", self.broker.bootstrap, "--topic", "between", "--from-beginning",
                    "--max-messages", "2").stdout
        self.assertEqual(got, b"A\nB\n")


class CommandLineTest(InteropTest):
    def refused(self, *command, says, data=None, timeout=60):
        """The program fails with one clear line that says `says`."""
        done = run(*command, check=False, data=data, timeout=timeout)
        text = (done.stdout + done.stderr).decode()
        self.assertNotEqual(done.returncode, 0, text)
        self.assertRegex(text, says)
        self.assertNotIn("terminate called", text)
        return text

    def broker(self, *args, says):
        return self.refused(harness.BIN / "klamm-broker", *args, says=says)

    def test_unknown_flags(self):
        self.broker("--prot", "0", says="--prot")
        for tool in ("topics", "console-producer", "console-consumer", "consumer-groups", "dump-log"):
            with self.subTest(tool):
                self.refused(harness.BIN / f"klamm-{tool}", "--frobnicate", says="frobnicate")
        self.refused(harness.BIN / "klamm", "topcis", says="topics")

    def test_old_flags_are_answered_with_one_sentence(self):
        self.refused(harness.BIN / "klamm-topics", "--zookeeper", "localhost:2181", "--list", says="--bootstrap-server")

    def test_an_unreachable_broker(self):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            nobody = f"127.0.0.1:{unused.getsockname()[1]}"
            short = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory())) / "client.properties"
            short.write_text("request.timeout.ms=1000\ndefault.api.timeout.ms=1500\nmax.block.ms=1500\n")
            self.refused(harness.BIN / "klamm-topics", "--bootstrap-server", nobody, "--list", "--command-config", short, says="(?i)time")
            self.refused(harness.BIN / "klamm-console-consumer", "--bootstrap-server", nobody, "--topic", "t", "--command-config", short,
                         says="(?i)" + re.escape(nobody) + "|time")
            self.refused(harness.BIN / "klamm-console-producer", "--bootstrap-server", nobody, "--topic", "t", "--command-config", short,
                         data=b"x\n", says="(?i)time|" + re.escape(nobody))

    def test_a_topic_that_does_not_exist(self):
        with KlammBroker() as broker:
            self.refused(harness.BIN / "klamm-topics", "--bootstrap-server", broker.bootstrap, "--describe", "--topic", "nowhere", says="nowhere")
            self.refused(harness.BIN / "klamm-topics", "--bootstrap-server", broker.bootstrap, "--delete", "--topic", "nowhere", says="nowhere")

    def test_a_port_in_use(self):
        with KlammBroker() as broker:
            self.broker("--port", broker.port, says=str(broker.port))

    def test_a_folder_in_use_or_of_another_cluster(self):
        with KlammBroker() as broker:
            self.broker("--port", 0, "--data", broker.data, says=re.escape(str(broker.data)))
            broker.stop()
            meta = broker.data / "meta.properties"
            text = meta.read_text()
            meta.write_text(re.sub(r"node.id=\d+", "node.id=77", text))
            self.broker("--port", 0, "--data", broker.data, says="77")
            meta.write_text(text)
            broker.start()
            broker.stop()

    def test_without_a_folder_a_temporary_one_is_used_and_removed(self):
        broker = subprocess.Popen([harness.BIN / "klamm-broker", "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertRegex(broker.stdout.readline().decode(), r"^ready \S+:\d+\n$")
        broker.terminate()
        out, log = broker.communicate(timeout=20)
        self.assertEqual((broker.returncode, out), (0, b""))
        folder = re.search(r"(/\S+) is used and removed at exit", log.decode())
        self.assertIsNotNone(folder, log)
        self.assertFalse(pathlib.Path(folder[1]).exists())

    def test_the_properties_of_a_combined_kafka_node_work_unchanged(self):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        with socket.socket() as one, socket.socket() as other:
            for probe in one, other:
                probe.bind(("127.0.0.1", 0))
            port, controller_port = one.getsockname()[1], other.getsockname()[1]
        file = folder / "server.properties"
        file.write_text(harness.kafka.node_properties(1, [port], [controller_port], folder / "data"))
        broker = subprocess.Popen([harness.BIN / "klamm-broker", file], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual(broker.stdout.readline().decode(), f"ready 127.0.0.1:{port}\n")
        klamm("topics", "--bootstrap-server", f"127.0.0.1:{port}", "--create", "--topic", "t")
        broker.terminate()
        broker.communicate(timeout=20)
        self.assertEqual(broker.returncode, 0)
        self.assertTrue((folder / "data" / "t-0" / "00000000000000000000.log").exists())

    def test_malformed_properties(self):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        file = folder / "server.properties"
        for text, says in (("num.partitions=many\n", "num.partitions"), ("num.partitions=-5\n", "num.partitions"), ("a=\\u12\n", "server.properties"),
                           ("listeners=NONSENSE\n", "listeners")):
            with self.subTest(text=text):
                file.write_text(text)
                self.broker(file, "--port", 0, says=says)
        self.broker(folder / "absent.properties", says="absent.properties")
        self.broker("--override", "num.partitions", "--port", 0, says="(?i)override|key=value")

    def test_an_unknown_key_warns_with_the_nearest_known_name(self):
        with KlammBroker("--override", "num.partitons=3") as broker:
            self.assertRegex(broker.log_text(), "num.partitons.*num.partitions")
            broker.stop()
        self.assertNotEqual(broker.process.returncode, None)

    def test_overrides_may_stand_several_times(self):
        with KlammBroker("--override", "num.partitons=3", "--override", "num.network.threds=1") as broker:
            self.assertRegex(broker.log_text(), "num.partitons")
            self.assertRegex(broker.log_text(), "num.network.threds")

    def test_an_unknown_client_key_warns_with_the_nearest_known_name(self):
        with KlammBroker() as broker:
            done = subprocess.run([harness.BIN / "klamm-console-producer", "--bootstrap-server", broker.bootstrap, "--topic", "t",
                                   "--command-property", "linger.mss=3"], input=b"x\n", capture_output=True, timeout=60, check=True)
            self.assertRegex(done.stderr.decode(), "linger.mss.*linger.ms")


if __name__ == "__main__":
    harness.main()
