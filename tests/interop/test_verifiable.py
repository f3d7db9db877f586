"""Kafka's verifiable clients and ours in all four pairings, on klamm-broker and on Apache Kafka."""
import signal
import socket
import tempfile
import time
import unittest

import harness
import verifiable_rules as rules
from harness import InteropTest, KafkaBroker, KlammBroker, create_served_topic, klamm
from verifiable import MAKES, VerifiableClient, clients, committed_offsets
from verifiable_rules import Partition

RECORDS = 2_000
PARTITIONS = 3


class Pairings:
    """The cases, for the broker that a subclass names."""

    @classmethod
    def setUpClass(cls):
        harness.need("java")
        cls.broker = cls.start_broker()
        cls.bootstrap = cls.broker.bootstrap
        cls.shapes = {}  # (event, fields in order) -> who wrote it first

    def assert_no_violations(self, found):
        self.assertEqual(found, [], "\n".join(map(str, found[:10])))

    def options_file(self, **properties):
        file = tempfile.NamedTemporaryFile("w", suffix=".properties")
        self.addCleanup(file.close)
        file.write("".join(f"{key.replace('_', '.')}={value}\n" for key, value in properties.items()))
        file.flush()
        return file.name

    def assert_same_shapes(self, *started):
        """Both makes write the fields of an event in one order."""
        for client in started:
            self.assertEqual(client.bad_lines, [], client.name)
            for event in client.run.events:
                first = type(self).shapes.setdefault(event["name"], (list(event), client.make))
                # A failed commit and a limited count aside, an event has one form.
                if "error" not in event:
                    self.assertEqual(list(event), first[0], f"{event['name']} by {client.make}, first by {first[1]}")

    def wait_for_records(self, consumer, count):
        self.wait_until(lambda: consumer.counts["record_data"] >= count, f"{consumer.name} reads {count} records", seconds=60,
                        state=consumer.state)

    def pair(self, producer_make, consumer_make, topic, producer_args=(), consumer_args=()):
        """One producer to its end and one consumer that a signal ends; returns both after checking every rule."""
        create_served_topic(self.bootstrap, topic, PARTITIONS)
        with clients() as started:
            consumer = VerifiableClient(consumer_make, "consumer", f"{consumer_make}-consumer", self.bootstrap, topic,
                                        "--group-id", topic, "--verbose", *consumer_args)
            started.append(consumer)
            producer = VerifiableClient(producer_make, "producer", f"{producer_make}-producer", self.bootstrap, topic,
                                        "--max-messages", RECORDS, "--repeating-keys", 17, *producer_args)
            started.append(producer)
            self.assertEqual(producer.finish(), 0, producer.log_text())
            self.assertEqual(producer.counts["producer_send_success"], RECORDS, producer.state())
            self.wait_for_records(consumer, RECORDS)
            committed, ends = self.committed_at_end(topic)
            self.assertEqual(consumer.stop(), 128 + signal.SIGTERM, consumer.log_text())
        self.assert_same_shapes(producer, consumer)
        self.assertEqual(sum(ends.values()), RECORDS)
        self.assert_no_violations(rules.check_producer(producer.run) +
                                  rules.check_group([consumer.run], committed=self.named(topic, committed)) +
                                  rules.check_topic([producer.run], [consumer.run], self.named(topic, ends)))
        return producer, consumer

    def committed_at_end(self, group):
        """The last commit follows the last record: it may be under way."""
        self.wait_until(lambda: len(set(map(str, committed_offsets(self.bootstrap, group)))) == 1, "everything read is committed")
        return committed_offsets(self.bootstrap, group)

    @staticmethod
    def named(topic, offsets):
        return {Partition(topic, number): offset for number, offset in offsets.items()}

    def test_all_pairings(self):
        for producer_make in MAKES:
            for consumer_make in MAKES:
                with self.subTest(producer=producer_make, consumer=consumer_make):
                    self.pair(producer_make, consumer_make, f"pair-{producer_make}-{consumer_make}")

    def test_all_pairings_with_options_of_a_file(self):
        """A codec, prefixed values and ends after a number of records."""
        for number, (producer_make, consumer_make) in enumerate((p, c) for p in MAKES for c in MAKES):
            codec = harness.CODECS[1 + number]
            with self.subTest(producer=producer_make, consumer=consumer_make, codec=codec):
                topic = f"file-{producer_make}-{consumer_make}"
                config = self.options_file(compression_type=codec, linger_ms=20)
                producer, consumer = self.pair(producer_make, consumer_make, topic,
                                               ["--value-prefix", 7, "--acks", 1, "--command-config", config])
                self.assertTrue(all(event["value"].startswith("7.") for event in producer.run.events if "value" in event))
                self.read_a_part(consumer_make, topic)

    def read_a_part(self, make, topic):
        """--max-messages ends it by itself, and the commit covers what was told."""
        group = topic + "-part"
        consumer = VerifiableClient(make, "consumer", f"{make}-part", self.bootstrap, topic, "--group-id", group, "--verbose",
                                    "--max-messages", 100, limited=True)
        self.assertEqual(consumer.finish(), 0, consumer.log_text())
        consumer.log.close()
        self.assertEqual(consumer.counts["record_data"], 100)
        self.assertEqual([event["name"] for event in consumer.run.events[-3:]],
                         ["partitions_revoked", "shutdown_complete", "shutdown_requested"])
        committed, _ = committed_offsets(self.bootstrap, group)
        self.assertEqual(sum(committed.values()), 100)
        self.assert_no_violations(rules.check_group([consumer.run], committed=self.named(topic, committed)))

    def test_signals_end_a_producer_that_is_slow_on_purpose(self):
        create_served_topic(self.bootstrap, "slow")
        for make in MAKES:
            for number in (signal.SIGTERM, signal.SIGINT):
                with self.subTest(make=make, signal=number), clients() as started:
                    producer = VerifiableClient(make, "producer", f"{make}-slow", self.bootstrap, "slow", "--throughput", 50)
                    started.append(producer)
                    self.wait_until(lambda: producer.counts["producer_send_success"] >= 30, "30 records are acknowledged")
                    self.assertEqual(producer.stop(number=number), 128 + number)
                    self.assert_no_violations(rules.check_producer(producer.run))
                    self.assert_same_shapes(producer)
                    times = [event["timestamp"] for event in producer.run.events[:31]]
                    self.assertGreater(times[-1] - times[0], 500, "50 a second are not 30 at once")

    def test_what_cannot_be_sent_is_told_and_the_tool_ends_well(self):
        config = self.options_file(max_request_size=60)
        shapes = []
        for make in MAKES:
            with self.subTest(make=make), clients() as started:
                producer = VerifiableClient(make, "producer", f"{make}-large", self.bootstrap, "large", "--max-messages", 3,
                                            "--command-config", config)
                started.append(producer)
                self.assertEqual(producer.finish(), 0)
                errors = [event for event in producer.run.events if event["name"] == "producer_send_error"]
                self.assertEqual(len(errors), 3)
                self.assert_same_shapes(producer)
                self.assert_no_violations(rules.check_producer(producer.run))
                shapes.append({(event["exception"], event["value"]) for event in errors})
        self.assertEqual(*shapes)

    def test_automatic_commits_cover_what_was_read_at_a_clean_end(self):
        topic = "automatic"
        create_served_topic(self.bootstrap, topic)
        klamm("verifiable-producer", "--bootstrap-server", self.bootstrap, "--topic", topic, "--max-messages", 100)
        for make in MAKES:
            with self.subTest(make=make), clients() as started:
                consumer = VerifiableClient(make, "consumer", f"{make}-automatic", self.bootstrap, topic, "--group-id", make, "--verbose",
                                            "--enable-autocommit")
                started.append(consumer)
                self.wait_for_records(consumer, 100)
                self.assertEqual(consumer.stop(), 128 + signal.SIGTERM)
                self.assertEqual(consumer.counts["offsets_committed"], 0)
                self.assertEqual(committed_offsets(self.bootstrap, make)[0], {0: 100})
                self.assert_no_violations(rules.check_consumer(consumer.run))

    def test_ours_commits_automatically_only_what_it_told(self):
        topic = "told"
        create_served_topic(self.bootstrap, topic, PARTITIONS)
        klamm("verifiable-producer", "--broker-list", self.bootstrap, "--topic", topic, "--max-messages", 100, "--repeating-keys", 17)
        told = klamm("verifiable-consumer", "--broker-list", self.bootstrap, "--topic", topic, "--group-id", topic, "--max-messages", 10,
                     "--enable-autocommit", "--verbose").stdout
        self.assertEqual(told.count(b"record_data"), 10)
        self.assertEqual(sum(committed_offsets(self.bootstrap, topic)[0].values()), 10)

    def test_a_consumer_that_fails_tells_its_end_all_the_same(self):
        """No commit and no reset policy: nothing can be read. The exit code is 0, as always but for signals and wrong calls."""
        topic = "nowhere"
        create_served_topic(self.bootstrap, topic)
        for make in MAKES:
            with self.subTest(make=make), clients() as started:
                consumer = VerifiableClient(make, "consumer", f"{make}-nowhere", self.bootstrap, topic, "--group-id", f"none-{make}",
                                            "--reset-policy", "none")
                started.append(consumer)
                self.assertEqual(consumer.finish(), 0)
                self.assertEqual([event["name"] for event in consumer.run.events],
                                 ["startup_complete", "partitions_assigned", "partitions_revoked", "shutdown_complete", "shutdown_requested"])
                self.assertNotEqual(consumer.log_text(), "")
                self.assert_no_violations(rules.check_consumer(consumer.run))


class WrongCallsTest(InteropTest):
    """Both makes end wrong calls with the same exit code, before they tell any event."""

    PRODUCER, CONSUMER = ["--bootstrap-server", "127.0.0.1:1", "--topic", "t"], ["--bootstrap-server", "127.0.0.1:1", "--topic", "t",
                                                                                "--group-id", "g"]
    CALLS = [("producer", [], 0), ("consumer", [], 0), ("producer", PRODUCER[:2], 1), ("consumer", CONSUMER[:4], 1),
             ("producer", [*PRODUCER, "--acks", "all"], 1), ("producer", [*PRODUCER, "--value-prefix", "p"], 1),
             ("producer", [*PRODUCER, "--command-config", "/nonexistent"], 1), ("consumer", [*CONSUMER, "--surprise"], 1),
             ("consumer", [*CONSUMER, "--reset-policy", "yesterday"], 1), ("consumer", [*CONSUMER, "--group-protocol", "modern"], 1),
             ("consumer", [*CONSUMER, "--assignment-strategy", "no.such.Assignor"], 1)]

    def test_exit_codes(self):
        harness.need("java")
        for role, words, code in self.CALLS:
            # Ours by the name of Kafka's script.
            ours = [str(harness.BIN / "kafka" / f"kafka-verifiable-{role}.sh"), *words]
            for command in (ours, harness.kafka.tool(f"kafka-verifiable-{role}", *words)):
                with self.subTest(command=command[0], role=role, words=words):
                    done = harness.run(*command, check=False)
                    self.assertEqual(done.returncode, code, done.stderr)
                    self.assertNotIn(b"timestamp", done.stdout)
                    self.assertNotEqual(done.stdout + done.stderr, b"")

    def test_a_signal_ends_ours_where_no_broker_answers(self):
        with socket.create_server(("127.0.0.1", 0)) as silent, clients() as started:
            for bootstrap in (f"127.0.0.1:{silent.getsockname()[1]}", "127.0.0.1:1"):
                for role, words in (("producer", ()), ("consumer", ("--group-id", "g"))):
                    with self.subTest(role=role, bootstrap=bootstrap):
                        client = VerifiableClient("klamm", role, f"{role}-alone", bootstrap, "t", *words)
                        started.append(client)
                        self.wait_until(lambda: client.counts["startup_complete"] == 1, "it starts")
                        time.sleep(0.3)
                        self.assertEqual(client.stop(seconds=20), 128 + signal.SIGTERM)
                        self.assertEqual(client.counts["shutdown_complete"], 1)


class VerifiableOnKlammBrokerTest(Pairings, InteropTest):
    @classmethod
    def start_broker(cls):
        broker = KlammBroker()
        cls.addClassCleanup(broker.close)
        return broker.start()


class VerifiableOnApacheKafkaTest(Pairings, InteropTest):
    @classmethod
    def start_broker(cls):
        broker = KafkaBroker("test-verifiable")
        cls.addClassCleanup(broker.stop)
        broker.start()
        return broker


if __name__ == "__main__":
    harness.main()
