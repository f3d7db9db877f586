"""What the tests of this folder share: Kafka's jars, our Java program compiled against them, the programs under test.

KLAMM_KAFKA_LIBS   folder with Kafka's jars; else Maven Central, by tests/peers/kafka.py
KLAMM_BIN          folder with golden_messages and its like; else build/release/bin
KLAMM_SEED         repeats a run whose failure printed it
KLAMM_GOLDEN_SAMPLES  how many pairs of each message and version, batches of each name; 8 unless told
Without Java the tests are skipped with a loud line (exit code 77); where $CI is set they fail.
"""
import hashlib
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BIN = pathlib.Path(os.environ.get("KLAMM_BIN") or ROOT / "build/release/bin")
SKIPPED = 77


def seed():
    return os.environ.get("KLAMM_SEED") or str(random.randrange(1 << 31))


def samples():
    return int(os.environ.get("KLAMM_GOLDEN_SAMPLES") or 8)


def kafka_libs():
    if os.environ.get("KLAMM_KAFKA_LIBS"):
        return pathlib.Path(os.environ["KLAMM_KAFKA_LIBS"])
    sys.path.insert(0, str(ROOT / "tests" / "peers"))
    import kafka
    return pathlib.Path(kafka.jars())


def missing_programs():
    needed = ["java", "javac"] + ([] if os.environ.get("KLAMM_KAFKA_LIBS") else ["mvn"])
    return [program for program in needed if shutil.which(program) is None]


def compiled(libs):
    """The folder of our Java program's classes: compiled once for its sources and Kafka's version."""
    sources = sorted((HERE / "java").glob("*.java"))
    version = hashlib.sha256(b"".join(path.read_bytes() for path in sources))
    version.update(" ".join(sorted(path.name for path in libs.glob("kafka*.jar"))).encode())
    folder = ROOT / "build" / "golden-java" / version.hexdigest()[:16]
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as fresh:
            subprocess.run(["javac", "-Xlint:all", "-Werror", "-cp", f"{libs}/*", "-d", fresh + "/classes", *sources], check=True)
            try:
                os.rename(fresh + "/classes", folder)
            except OSError:  # another test was first
                if not folder.exists():
                    raise
    return folder


class KafkaAgrees(unittest.TestCase):
    """Base of the tests: `java()` and `ours()` are the two sides."""

    @classmethod
    def setUpClass(cls):
        cls.libs = kafka_libs()
        cls.classes = compiled(cls.libs)

    def java(self, *words):
        return ["java", "-Xmx512m", "-cp", f"{self.classes}:{self.libs}/*", "Golden", *map(str, words)]

    def ours(self, program, *words):
        self.assertTrue((BIN / program).exists(), f"{BIN / program} is not built")
        return [str(BIN / program), *map(str, words)]

    def planted(self, lines, *command):
        """What a checker prints of these lines, in which a fault was planted: it must say that something is wrong."""
        done = subprocess.run(command, input="\n".join(lines) + "\n", capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        return done.stdout

    def pipe(self, *commands, stdin=subprocess.DEVNULL):
        """Runs commands one into the other; all must succeed. Returns what the last one printed."""
        running = []
        for number, command in enumerate(commands):
            last = number == len(commands) - 1
            running.append(subprocess.Popen(command, stdin=running[-1].stdout if running else stdin, stdout=subprocess.PIPE,
                                            text=last, errors="backslashreplace" if last else None))
            if number:
                running[number - 1].stdout.close()
        printed, _ = running[-1].communicate()
        for process in running:
            process.wait()
        self.assertEqual([process.returncode for process in running], [0] * len(running), f"\n{printed[-8000:]}")
        return printed


def main():
    missing = missing_programs()
    if missing and os.environ.get("CI"):
        sys.exit(f"CI must have {missing}")
    if missing:
        print(f"SKIPPED: {missing} not found; run ./dev test to install what the tests need", file=sys.stderr)
        sys.exit(SKIPPED)
    unittest.main(verbosity=2)
