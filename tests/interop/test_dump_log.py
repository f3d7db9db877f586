"""Kafka's DumpLogSegments reads what klamm-broker stores, and `klamm dump-log` prints the same as it of Kafka's own files."""
import pathlib
import re
import shutil
import struct
import tempfile

import harness
from test_bad_input import RawClient
from harness import CODECS, InteropTest, KafkaBroker, KlammBroker, java_tool, klamm, run

COMPLAINTS = re.compile(r"^(?!\| ).*(Mismatches|Non-consecutive|Found|corrupt|Exception)", re.MULTILINE)
LINES = 5_000
FIRST_SEGMENT = "00000000000000000000.log"


def segments(folder):
    """The files of a partition folder that the dump tool reads, in order."""
    return [path for suffix in ("log", "index", "timeindex") for path in sorted(folder.glob(f"*.{suffix}"))]


def dump(folder, *args):
    files = ",".join(map(str, segments(folder)))
    return java_tool("kafka-dump-log", "--files", files, *args).stdout.decode()


def batches_of(log):
    """The batches of a segment as a client would send them: at offset 0, without a leader epoch (no checksum covers these)."""
    data = log.read_bytes()
    while data:
        end = 12 + struct.unpack(">i", data[8:12])[0]
        yield bytes(8) + data[8:12] + struct.pack(">i", -1) + data[16:end]
        data = data[end:]


class DumpLogTest(InteropTest):
    @classmethod
    def setUpClass(cls):
        harness.need("java", "kcat")

    def fill(self, bootstrap, text):
        """One batch per codec and topic, by the same program, so that both brokers get the same bytes."""
        for codec in CODECS:
            run("kcat", "-b", bootstrap, "-P", "-t", f"dump-{codec}", "-z", codec, "-X", "linger.ms=1000", "-X",
                "batch.num.messages=500", "-K", " ", "-H", "name=value", data=text)

    def test_kafka_reads_our_folder_and_sees_what_it_would_have_written_itself(self):
        """Batches that klamm-broker stored are sent to Apache Kafka as they are: both dumps must be the same."""
        text = b"".join(line + b"\n" for line in harness.real_text(LINES).split(b"\n") if b" " in line.strip())
        with KlammBroker() as ours, KafkaBroker() as theirs:
            self.fill(ours.bootstrap, text)
            ours.stop()
            for codec in CODECS:
                self.create_topic(theirs, f"dump-{codec}")
                client = RawClient(theirs.ports[0])
                for batch in batches_of(ours.data / f"dump-{codec}-0" / FIRST_SEGMENT):
                    self.assertEqual(client.produce(batch, topic=f"dump-{codec}".encode()), 0)
                client.close()
            theirs.stop()
            for codec in CODECS:
                with self.subTest(codec=codec):
                    folder = f"dump-{codec}-0"
                    self.assertNotRegex(dump(ours.data / folder, "--print-data-log", "--deep-iteration"), COMPLAINTS)
                    our_dump = dump(ours.data / folder, "--print-data-log").replace(str(ours.data), "")
                    their_dump = dump(theirs.data(1) / folder, "--print-data-log").replace(str(theirs.data(1)), "")
                    self.assert_same_lines(their_dump, our_dump)

    def test_kafka_decodes_our_metadata_log_and_our_group_log(self):
        with KlammBroker() as broker:
            self.create_topic(broker, "seen", partitions=2)
            klamm("console-producer", "--bootstrap-server", broker.bootstrap, "--topic", "seen", data=b"one\ntwo\n")
            klamm("console-consumer", "--bootstrap-server", broker.bootstrap, "--topic", "seen", "--group", "readers",
                  "--from-beginning", "--max-messages", "2")
            broker.stop()
            metadata = java_tool("kafka-dump-log", "--cluster-metadata-decoder", "--files",
                                 next((broker.data / "__cluster_metadata-0").glob("*.log"))).stdout.decode()
            for record in ("FEATURE_LEVEL_RECORD", "REGISTER_BROKER_RECORD", "TOPIC_RECORD", "PARTITION_RECORD"):
                self.assertIn(record, metadata)
            self.assertNotRegex(metadata, r"Mismatches|Non-consecutive|Found|Could not|Exception")
            groups = "".join(java_tool("kafka-dump-log", "--offsets-decoder", "--print-data-log", "--files", path).stdout.decode()
                             for path in broker.data.glob("__consumer_offsets-*/*.log") if path.stat().st_size)
            self.assertIn("readers", groups)
            self.assertNotRegex(groups, r"Mismatches|Non-consecutive|Found|Exception")

    def test_our_dump_of_kafkas_files_is_kafkas_dump(self):
        text = b"".join(line + b"\n" for line in harness.real_text(LINES).split(b"\n") if b" " in line.strip())
        with tempfile.TemporaryDirectory() as folder:
            with KafkaBroker() as theirs:
                self.fill(theirs.bootstrap, text)
                theirs.stop()
                copy = pathlib.Path(folder) / "kafka"
                shutil.copytree(theirs.data(1), copy)
            for codec in CODECS:
                for path in [*segments(copy / f"dump-{codec}-0"), *(copy / f"dump-{codec}-0").glob("*.snapshot")]:
                    for args in (["--files", path], ["--files", path, "--print-data-log"]):
                        with self.subTest(file=path.name, codec=codec, args=args[2:]):
                            self.assert_same_lines(java_tool("kafka-dump-log", *args).stdout, klamm("dump-log", *args).stdout)
            metadata = next((copy / "__cluster_metadata-0").glob("*.log"))
            args = ["--cluster-metadata-decoder", "--files", metadata]
            self.assert_same_lines(java_tool("kafka-dump-log", *args).stdout, klamm("dump-log", *args).stdout)


if __name__ == "__main__":
    harness.main()
