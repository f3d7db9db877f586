"""Klamm's console tools end to end: every way to cut a line and to print a record, groups, signals, pipes. Runs on
klamm-broker and on Apache Kafka (KLAMM_TEST_CLUSTER; see tests/support/test_cluster.h), a cluster that is new."""
import os
import pathlib
import pty
import re
import signal
import subprocess
import tempfile
import time

import harness
from harness import InteropTest, klamm, run


class ToolsTest(InteropTest):
    @classmethod
    def setUpClass(cls):
        cls.broker = harness.cluster()
        cls.addClassCleanup(cls.broker.close)

    def tool(self, name, *args, **options):
        return klamm(name, "--bootstrap-server", self.broker.bootstrap, *self.broker.options, *args, **options)

    def produce(self, topic, text, *args):
        self.tool("console-producer", "--topic", topic, *args, data=text)

    def consume(self, topic, *args):
        return self.tool("console-consumer", "--topic", topic, "--from-beginning", *args).stdout

    def start(self, name, *args, **options):
        command = [str(harness.BIN / f"klamm-{name}"), "--bootstrap-server", self.broker.bootstrap, *self.broker.options, *args]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)

    def group_row(self, group, topic):
        """Committed offset, end and lag of partition 0."""
        text = self.tool("consumer-groups", "--describe", "--group", group, check=False).stdout.decode()
        rows = [line.split() for line in text.splitlines() if line.split()[:3] == [group, topic, "0"]]
        return rows[0][3:6] if rows else None

    def test_keys_headers_and_nulls_travel(self):
        self.produce("fields", b"h1:a,h2:NULL\tk1\tv1\nNULL\tNULL\tNULL\nh:\t\t\n", "--reader-property", "parse.key=true",
                     "--reader-property", "parse.headers=true", "--reader-property", "null.marker=NULL", "--sync")
        got = self.consume("fields", "--max-messages", "3", "--formatter-property", "print.key=true", "--formatter-property", "print.headers=true",
                           "--formatter-property", "print.offset=true", "--formatter-property", "print.partition=true",
                           "--formatter-property", "key.separator=|", "--formatter-property", "null.literal=~")
        self.assertEqual(got, b"Partition:0|Offset:0|h1:a,h2:~|k1|v1\nPartition:0|Offset:1|NO_HEADERS|~|~\nPartition:0|Offset:2|h:||\n")

    def test_deprecated_names_of_options_work_and_warn(self):
        done = self.tool("console-producer", "--topic", "old", "--property", "parse.key=true", "--producer-property", "linger.ms=1", data=b"k\tv\n")
        self.assertIn(b"--property is deprecated", done.stderr)
        self.assertIn(b"--producer-property is deprecated", done.stderr)
        done = self.tool("console-consumer", "--topic", "old", "--from-beginning", "--max-messages", "1", "--property", "print.key=true")
        self.assertEqual(done.stdout, b"k\tv\n")
        self.assertIn(b"Use --formatter-property instead", done.stderr)

    def test_a_line_without_its_key_stops_the_producer_with_the_line_number(self):
        done = self.tool("console-producer", "--topic", "keyless", "--reader-property", "parse.key=true", data=b"a\tb\nnokey\nc\td\n", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"No key separator found on line number 2: 'nokey'", done.stderr)
        self.assertEqual(self.consume("keyless", "--max-messages", "1"), b"b\n")

    def test_a_partition_is_read_from_an_offset(self):
        self.produce("ranged", b"".join(b"line %d\n" % n for n in range(10)))
        args = ["console-consumer", "--topic", "ranged", "--partition", "0", "--max-messages", "2"]
        self.assertEqual(self.tool(*args, "--offset", "7").stdout, b"line 7\nline 8\n")
        self.assertEqual(self.tool(*args, "--offset", "earliest").stdout, b"line 0\nline 1\n")
        self.assertEqual(self.tool("console-consumer", "--topic", "ranged", "--partition", "0", "--timeout-ms", "500").stdout, b"")

    def test_a_partition_that_is_not_there_is_told(self):
        self.produce("narrow", b"x\n")
        done = self.tool("console-consumer", "--topic", "narrow", "--partition", "7", "--timeout-ms", "300")
        self.assertIn(b"Topic 'narrow' has no partition 7 (it has 1); waiting for it.", done.stderr)
        self.assertEqual(done.stdout, b"")

    def test_the_time_limit_of_the_configuration_counts(self):
        with tempfile.TemporaryDirectory() as folder:
            client = pathlib.Path(folder) / "client.properties"
            client.write_text("default.api.timeout.ms=700\nrequest.timeout.ms=500\n")
            begin = time.monotonic()
            done = klamm("consumer-groups", "--bootstrap-server", "127.0.0.1:1", "--command-config", client, "--list", check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn(b"REQUEST_TIMED_OUT", done.stderr)
            self.assertLess(time.monotonic() - begin, 20)

    def test_max_messages_commits_only_what_was_printed(self):
        self.produce("counted", b"".join(b"%d\n" % n for n in range(100)))
        self.assertEqual(self.consume("counted", "--group", "counting", "--max-messages", "30").split(), [b"%d" % n for n in range(30)])
        self.assertEqual(self.group_row("counting", "counted"), ["30", "100", "70"])
        self.assertEqual(self.consume("counted", "--group", "counting", "--max-messages", "70").split(), [b"%d" % n for n in range(30, 100)])

    def test_include_reads_all_matching_topics(self):
        for topic in ("inc-a", "inc-b", "other-inc-a"):
            self.produce(topic, topic.encode() + b"\n")
        got = self.tool("console-consumer", "--include", "inc-.*", "--from-beginning", "--max-messages", "2", "--timeout-ms", "20000").stdout
        self.assertEqual(sorted(got.split()), [b"inc-a", b"inc-b"])

    def test_ctrl_c_leaves_the_group(self):
        for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            with self.subTest(signal=number.name):
                group = f"leaving-{number}"
                self.produce("left", b"x\n")
                reader = self.start("console-consumer", "--topic", "left", "--group", group, "--from-beginning")
                self.assertEqual(reader.stdout.readline(), b"x\n")
                reader.send_signal(number)
                _, errors = reader.communicate(timeout=20)
                self.assertEqual(reader.returncode, code)
                self.assertIn(b"Processed a total of", errors)
                done = self.tool("consumer-groups", "--describe", "--group", group, "--members")
                self.assertIn(b"has no active members", done.stderr)

    def test_a_reader_that_goes_away_ends_the_consumer(self):
        self.produce("headed", b"".join(b"%d\n" % n for n in range(200_000)))
        reader = self.start("console-consumer", "--topic", "headed", "--from-beginning")
        self.assertEqual(reader.stdout.readline(), b"0\n")
        reader.stdout.close()
        self.assertIn(b"Unable to write to standard out", reader.stderr.read())
        self.assertEqual(reader.wait(20), 0)
        reader.stderr.close()

    def test_the_prompt_and_colours_show_only_on_a_terminal(self):
        done = self.tool("console-producer", "--topic", "prompted", data=b"a\n")
        self.assertEqual(done.stdout, b"")
        try:
            ours, theirs = pty.openpty()
        except OSError as error:  # a bare chroot has no /dev/pts
            self.skipTest(f"no terminal to be had here: {error}")
        writer = self.start("console-producer", "--topic", "prompted", stdin=theirs)
        writer.stdout.close()
        os.write(ours, b"typed\n\x04")
        self.assertEqual(writer.wait(20), 0)
        writer.stderr.close()
        os.close(ours)
        os.close(theirs)
        self.assertEqual(self.consume("prompted", "--max-messages", "2"), b"a\ntyped\n")
        self.assertNotIn(b"\x1b", run(harness.BIN / "klamm", "nonsense", check=False).stderr)

    def test_topics_are_made_changed_and_deleted(self):
        self.assertEqual(self.tool("topics", "--create", "--topic", "life", "--partitions", "2", "--config", "segment.bytes=2000000").stdout, b"Created topic life.\n")
        again = self.tool("topics", "--create", "--topic", "life", check=False)
        self.assertEqual(again.returncode, 1)
        self.assertIn(b"Topic 'life' already exists.", again.stderr)
        self.tool("topics", "--create", "--topic", "life", "--if-not-exists")
        described = self.tool("topics", "--describe", "--topic", "life").stdout.decode()
        self.assertRegex(described, r"\ATopic: life\tTopicId: \S{22}\tPartitionCount: 2\tReplicationFactor: [13]\tConfigs: .*segment.bytes=2000000.*\n"
                                    r"\tTopic: life\tPartition: 0\tLeader: [123]\tReplicas: [123,]+\tIsr: [123,]+\tElr: .*\tLastKnownElr: .*\n"
                                    r"\tTopic: life\tPartition: 1\t.*\n\Z")
        self.assertIn(b"life\n", self.tool("topics", "--list").stdout)
        self.tool("topics", "--alter", "--topic", "life", "--partitions", "3")
        self.wait_until(lambda: b"PartitionCount: 3" in self.tool("topics", "--describe", "--topic", "life").stdout, "three partitions")
        self.tool("topics", "--delete", "--topic", "life")
        self.wait_until(lambda: b"life\n" not in self.tool("topics", "--list").stdout, "the topic is gone")
        self.tool("topics", "--delete", "--topic", "life", "--if-exists")

    def test_offsets_are_reset_and_deleted(self):
        self.produce("moved", b"a\nb\nc\n")
        self.consume("moved", "--group", "moving", "--max-messages", "3")
        reset = ["consumer-groups", "--reset-offsets", "--group", "moving", "--topic", "moved"]
        planned = self.tool(*reset, "--to-earliest", "--dry-run").stdout.decode()
        self.assertEqual(planned, "\nGROUP           TOPIC           PARTITION  NEW-OFFSET\nmoving          moved           0          0\n")
        self.assertEqual(self.group_row("moving", "moved")[0], "3")
        self.tool(*reset, "--shift-by", "-2", "--execute")
        self.assertEqual(self.group_row("moving", "moved"), ["1", "3", "2"])
        self.assertIn(b"moving\n", self.tool("consumer-groups", "--list").stdout)
        listed = self.tool("consumer-groups", "--list", "--state", "empty,stable", "--type").stdout.decode()
        self.assertIn(["moving", "Classic", "Empty"], [line.split() for line in listed.splitlines()])
        self.tool("consumer-groups", "--delete", "--group", "moving")
        self.assertNotIn(b"moving\n", self.tool("consumer-groups", "--list").stdout)

    def test_kafkas_own_names_and_abbreviations_are_understood(self):
        for name in ("kafka-topics", "kafka-topics.sh"):
            done = run(harness.BIN / "kafka" / name, "--boot", self.broker.bootstrap, *self.broker.options, "--lis")
            self.assertEqual(done.returncode, 0)
        self.assertEqual(run(harness.BIN / "klamm", "topics", "--help").stdout.split(b"\n")[0], b"Creates, lists, describes, alters and deletes topics.")
        self.assertIn(b"console-producer", run(harness.BIN / "klamm").stdout)

    def test_properties_come_from_files_too(self):
        with tempfile.TemporaryDirectory() as folder:
            reader = pathlib.Path(folder) / "reader.properties"
            reader.write_text("parse.key = true\nkey.separator : \\:\n")
            client = pathlib.Path(folder) / "client.properties"
            client.write_text(self.broker.properties + "linger.ms=0\n")
            klamm("console-producer", "--bootstrap-server", self.broker.bootstrap, "--topic", "filed", "--reader-config", reader,
                  "--command-config", client, data=b"k:v\n")
            self.assertEqual(self.consume("filed", "--max-messages", "1", "--formatter-property", "print.key=true"), b"k\tv\n")
            reader.write_text("a=\\u00zz\n")
            done = self.tool("console-producer", "--topic", "filed", "--reader-config", reader, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertRegex(done.stderr.decode(), re.escape(str(reader)) + ":1: ")


if __name__ == "__main__":
    harness.main()
