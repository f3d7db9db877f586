#!/usr/bin/env python3
"""Klamm's protocol against Apache Kafka's own classes: the schema, and the bytes and JSON of every message and version.

    test_messages.py [CHECK_MESSAGES]      the program that CMake builds from check_messages.cc

Kafka's jars come from $KLAMM_KAFKA_LIBS, or from Maven Central by tests/peers/kafka.py. Without Java this skips with a
loud line; where $CI is set it fails. A failure prints the seed: $KLAMM_SEED repeats it.
"""
import os
import pathlib
import random
import shutil
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent
CHECK = pathlib.Path(sys.argv.pop(1)) if len(sys.argv) > 1 and not sys.argv[1].startswith("-") else ROOT / "build/release/bin/check_messages"
SAMPLES = 6


def kafka_libs():
    if os.environ.get("KLAMM_KAFKA_LIBS"):
        return pathlib.Path(os.environ["KLAMM_KAFKA_LIBS"])
    sys.path.insert(0, str(ROOT / "tests" / "peers"))
    import kafka
    return kafka.jars()


def need_java():
    missing = [program for program in ("java",) + (() if os.environ.get("KLAMM_KAFKA_LIBS") else ("mvn",)) if shutil.which(program) is None]
    if not missing:
        return
    if os.environ.get("CI"):
        raise RuntimeError(f"CI must have {missing}")
    print(f"SKIPPED: {missing} not found; run ./dev test to install what the tests need", file=sys.stderr)
    raise unittest.SkipTest(f"{missing} not found")


class KafkaAgrees(unittest.TestCase):
    def setUp(self):
        need_java()
        self.libs = kafka_libs()

    def test_every_attribute_of_every_message_is_that_of_kafkas_definitions(self):
        done = subprocess.run([sys.executable, "-B", ROOT / "libclient/codegen/check_against_kafka.py", self.libs],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"89 of 89 APIs, \d+ records, 0 differences")
        print(done.stdout.strip())

    def test_every_message_of_kafkas_classes_decodes_encodes_and_prints_the_same(self):
        seed = os.environ.get("KLAMM_SEED") or str(random.randrange(1 << 31))
        with subprocess.Popen(["java", "-cp", f"{self.libs}/*", HERE / "java/GoldenMessages.java", self.libs, str(SAMPLES), seed],
                              stdout=subprocess.PIPE) as kafka:
            done = subprocess.run([CHECK], stdin=kafka.stdout, capture_output=True, text=True, check=False)
            kafka.stdout.close()
        self.assertEqual(kafka.returncode, 0, f"seed {seed}")
        self.assertEqual(done.returncode, 0, f"seed {seed}\n{done.stdout[-8000:]}{done.stderr}")
        self.assertRegex(done.stdout, r"^\d+ lines, 268 messages, 0 differences\n$")
        print(f"seed {seed}: {done.stdout.strip()}")


if __name__ == "__main__":
    unittest.main(verbosity=2)
