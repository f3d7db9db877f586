"""kcat, confluent-kafka-python and franz-go produce to klamm-broker and consume from it; groups commit."""

import harness
from harness import CODECS, LINES, PEERS, ROOT, InteropTest, KlammBroker, klamm, run

RECORDS = 20_000
PYTHON = PEERS / "venv" / "bin" / "python3"
CONFLUENT = [PYTHON, ROOT / "tests" / "peers" / "confluent.py"]
FRANZ = [PEERS / "franz"]
KLAMM = [harness.BIN / "klamm-peer"]


class ClientsTest(InteropTest):
    @classmethod
    def setUpClass(cls):
        harness.need("kcat", PYTHON, PEERS / "franz")
        cls.text = harness.real_text()
        cls.broker = KlammBroker().start()
        cls.addClassCleanup(cls.broker.close)

    def test_kcat_produces_and_klamm_consumes(self):
        for codec in CODECS:
            with self.subTest(codec=codec):
                topic = f"kcat-out-{codec}"
                self.create_topic(self.broker, topic)
                # kcat sends nothing for an empty line: it gets none.
                text = b"\n".join(line for line in self.text.split(b"\n") if line) + b"\n"
                run("kcat", "-b", self.broker.bootstrap, "-P", "-t", topic, "-z", codec, data=text)
                got = klamm("console-consumer", "--bootstrap-server", self.broker.bootstrap, "--topic", topic,
                            "--from-beginning", "--max-messages", text.count(b"\n")).stdout
                self.assert_same_lines(text, got)

    def test_klamm_produces_and_kcat_consumes(self):
        for codec in CODECS:
            with self.subTest(codec=codec):
                topic = f"kcat-in-{codec}"
                klamm("console-producer", "--bootstrap-server", self.broker.bootstrap, "--topic", topic,
                      "--compression-codec", codec, data=self.text)
                got = run("kcat", "-b", self.broker.bootstrap, "-C", "-t", topic, "-o", "beginning", "-e", "-q").stdout
                self.assert_same_lines(self.text, got)

    def test_every_client_reads_what_every_client_wrote(self):
        """Binary keys and values, nulls and headers, by three clients each way, in groups that commit."""
        clients = {"klamm": KLAMM, "confluent": CONFLUENT, "franz": FRANZ}
        for number, (writer, write) in enumerate(clients.items()):
            topic, codec = f"binary-{writer}", CODECS[number + 1]
            records = harness.binary_records(RECORDS, seed=number)
            self.create_topic(self.broker, topic, partitions=3)
            run(*write, "produce", self.broker.bootstrap, topic, codec, data=records)
            for reader, read in clients.items():
                with self.subTest(writer=writer, reader=reader):
                    group = f"{reader}-reads-{writer}"
                    got = run(*read, "consume", self.broker.bootstrap, topic, group, RECORDS).stdout
                    self.assert_same_lines(records, got, ordered=False)
                    self.assert_committed(group, RECORDS)

    def assert_committed(self, group, records):
        """The committed offsets of the group cover every record: its lag is 0 and the offsets add up."""
        lines = klamm("consumer-groups", "--bootstrap-server", self.broker.bootstrap, "--describe", "--group", group).stdout.decode()
        rows = [line.split() for line in lines.splitlines() if line.startswith(group + " ")]
        self.assertEqual(sum(int(row[3]) for row in rows), records, lines)
        self.assertEqual([row[5] for row in rows], ["0"] * len(rows), lines)

    def test_100_000_lines_in_a_group_of_kcat(self):
        topic = "kcat-group"
        klamm("console-producer", "--bootstrap-server", self.broker.bootstrap, "--topic", topic, data=self.text)
        got = run("kcat", "-b", self.broker.bootstrap, "-q", "-c", LINES, "-X", "auto.offset.reset=earliest", "-G", "kcat-g", topic).stdout
        self.assert_same_lines(self.text, got)


if __name__ == "__main__":
    harness.main()
