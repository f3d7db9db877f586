"""Klamm's console tools against Apache Kafka, with every codec; Java and Klamm consumers that share a group, on both brokers."""
import concurrent.futures
import subprocess

import harness
from harness import CODECS, LINES, InteropTest, KafkaBroker, KlammBroker, java_tool, kafka, klamm

PARTITIONS = 4


class KafkaBrokerTest(InteropTest):
    @classmethod
    def setUpClass(cls):
        harness.need("java")
        cls.text = harness.real_text()
        cls.kafka = KafkaBroker()
        cls.addClassCleanup(cls.kafka.stop)
        cls.kafka.start()

    def test_our_tools_against_apache_kafka(self):
        bootstrap = self.kafka.bootstrap
        for codec in CODECS:
            with self.subTest(codec=codec):
                topic = f"tools-{codec}"
                made = klamm("topics", "--bootstrap-server", bootstrap, "--create", "--topic", topic).stdout.decode()
                self.assertEqual(made, f"Created topic {topic}.\n")
                klamm("console-producer", "--bootstrap-server", bootstrap, "--topic", topic, "--compression-codec", codec, data=self.text)
                got = klamm("console-consumer", "--bootstrap-server", bootstrap, "--topic", topic, "--group", f"g-{codec}",
                            "--from-beginning", "--max-messages", LINES).stdout
                self.assert_same_lines(self.text, got)
                described = klamm("consumer-groups", "--bootstrap-server", bootstrap, "--describe", "--group", f"g-{codec}").stdout.decode()
                row = next(line.split() for line in described.splitlines() if line.startswith(f"g-{codec} "))
                self.assertEqual(row[1:6], [topic, "0", str(LINES), str(LINES), "0"])
        ours = klamm("topics", "--bootstrap-server", bootstrap, "--describe").stdout
        theirs = java_tool("kafka-topics", "--bootstrap-server", bootstrap, "--describe").stdout
        self.assert_same_lines(theirs, ours, ordered=False)
        groups = klamm("consumer-groups", "--bootstrap-server", bootstrap, "--list").stdout.decode().splitlines()
        self.assertLessEqual({f"g-{codec}" for codec in CODECS}, set(groups))

    def test_java_and_klamm_share_a_group_on_apache_kafka(self):
        self.share_a_group(self.kafka.bootstrap, "there")

    def test_java_and_klamm_share_a_group_on_klamm_broker(self):
        with KlammBroker() as broker:
            self.share_a_group(broker.bootstrap, "here")

    def share_a_group(self, bootstrap, name):
        """Both join, each gets two of four partitions, together they read every line once."""
        klamm("topics", "--bootstrap-server", bootstrap, "--create", "--topic", name, "--partitions", PARTITIONS)
        options = ["--bootstrap-server", bootstrap, "--topic", name, "--group", name, "--from-beginning", "--timeout-ms", "15000",
                   "--command-property", "auto.commit.interval.ms=200"]
        commands = [kafka.tool("kafka-console-consumer", *options), [str(harness.BIN / "klamm-console-consumer"), *options]]
        readers = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) for command in commands]
        self.wait_until(lambda: self.owners(bootstrap, name) == 2, "both members own partitions", seconds=60)
        # A key per line spreads them over the partitions.
        keyed = b"".join(b"%d\t%s\n" % (number, line) for number, line in enumerate(self.text.splitlines()))
        klamm("console-producer", "--bootstrap-server", bootstrap, "--topic", name, "--reader-property", "parse.key=true", data=keyed)
        with concurrent.futures.ThreadPoolExecutor() as pool:  # both at once: neither must wait for the other's pipe
            outputs = list(pool.map(lambda reader: reader.communicate(timeout=120)[0], readers))
        for output in outputs:
            self.assertGreater(len(output.splitlines()), LINES // 4)
        self.assert_same_lines(self.text, b"".join(outputs), ordered=False)

    def owners(self, bootstrap, group):
        described = klamm("consumer-groups", "--bootstrap-server", bootstrap, "--describe", "--group", group, check=False).stdout.decode()
        rows = [line.split() for line in described.splitlines() if line.startswith(group + " ")]
        return len({row[6] for row in rows if len(row) > 6 and row[6] != "-"}) if len(rows) == PARTITIONS else 0


if __name__ == "__main__":
    harness.main()
