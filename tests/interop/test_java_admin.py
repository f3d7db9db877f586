"""Kafka's Java admin tools against klamm-broker."""

import harness
from harness import InteropTest, KlammBroker, java_tool, klamm

LINES = 1000


class JavaAdminTest(InteropTest):
    @classmethod
    def setUpClass(cls):
        harness.need("java")
        cls.broker = KlammBroker().start()
        cls.addClassCleanup(cls.broker.close)

    def java(self, name, *args, check=True):
        done = java_tool(name, "--bootstrap-server", self.broker.bootstrap, *args, check=check)
        return (done.stdout + done.stderr).decode()

    def test_topics_are_created_described_listed_and_deleted(self):
        self.assertIn("Created topic shop.", self.java("kafka-topics", "--create", "--topic", "shop", "--partitions", "3",
                                                       "--config", "segment.bytes=1048576"))
        described = self.java("kafka-topics", "--describe", "--topic", "shop")
        self.assertRegex(described, r"Topic: shop\tTopicId: \S{22}\tPartitionCount: 3\tReplicationFactor: 1\tConfigs: .*segment.bytes=1048576")
        self.assertRegex(described, r"Topic: shop\tPartition: 2\tLeader: 1\tReplicas: 1\tIsr: 1")
        self.assertIn("shop\n", self.java("kafka-topics", "--list"))
        self.assertIn("already exists", self.java("kafka-topics", "--create", "--topic", "shop", check=False))
        refused = self.java("kafka-topics", "--create", "--topic", "bad", "--config", "segment.bytes=zero", check=False)
        self.assertRegex(refused, "(?i)invalid value zero|segment.bytes")
        self.java("kafka-topics", "--delete", "--topic", "shop")
        self.assertNotIn("shop\n", self.java("kafka-topics", "--list"))

    def test_groups_are_listed_described_reset_and_deleted(self):
        self.create_topic(self.broker, "work", partitions=2)
        klamm("console-producer", "--bootstrap-server", self.broker.bootstrap, "--topic", "work", data=harness.real_text(LINES))
        java_tool("kafka-console-consumer", "--bootstrap-server", self.broker.bootstrap, "--topic", "work", "--group", "crew",
                  "--from-beginning", "--max-messages", LINES)
        self.assertIn("crew\n", self.java("kafka-consumer-groups", "--list"))
        rows = self.rows(self.java("kafka-consumer-groups", "--describe", "--group", "crew"), "crew")
        self.assertEqual(sum(int(row[3]) for row in rows), LINES)
        self.assertEqual([row[5] for row in rows], ["0", "0"])
        self.assertRegex(self.java("kafka-consumer-groups", "--describe", "--group", "crew", "--state"), "crew.*Empty")
        self.java("kafka-consumer-groups", "--group", "crew", "--topic", "work", "--reset-offsets", "--to-earliest", "--execute")
        rows = self.rows(self.java("kafka-consumer-groups", "--describe", "--group", "crew"), "crew")
        self.assertEqual([row[3] for row in rows], ["0", "0"])
        self.assertIn("was successful", self.java("kafka-consumer-groups", "--delete", "--group", "crew"))
        self.assertNotIn("crew\n", self.java("kafka-consumer-groups", "--list"))

    def rows(self, text, group):
        return [line.split() for line in text.splitlines() if line.startswith(group + " ")]

    def test_offsets_are_found_by_time(self):
        self.create_topic(self.broker, "times")
        klamm("console-producer", "--bootstrap-server", self.broker.bootstrap, "--topic", "times", data=harness.real_text(LINES))
        self.assertIn(f"times:0:{LINES}\n", self.java("kafka-get-offsets", "--topic", "times"))
        self.assertIn("times:0:0\n", self.java("kafka-get-offsets", "--topic", "times", "--time", "earliest"))
        self.assertIn("times:0:", self.java("kafka-get-offsets", "--topic", "times", "--time", "max-timestamp"))

    def test_the_versions_we_announce_are_ones_that_a_kafka_broker_serves(self):
        def versions(text):
            found = {}
            for line in text.splitlines():
                name, _, rest = line.strip().partition("): ")
                if rest and "(" in name and "UNSUPPORTED" not in rest:
                    low, _, high = rest.split("[")[0].strip().partition(" to ")
                    found[name + ")"] = (int(low), int(high or low))
            return found

        ours = versions(self.java("kafka-broker-api-versions"))
        wanted = versions((harness.ROOT / "tests" / "interop" / "api_versions.txt").read_text())
        self.assertGreaterEqual(len(ours), 24)
        for name, span in ours.items():
            self.assertEqual(span, wanted[name], name)


if __name__ == "__main__":
    harness.main()
