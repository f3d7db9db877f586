"""What every interoperation test needs: brokers of both kinds, other people's programs, real text and comparisons."""
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "peers"))
import kafka  # noqa: E402
from wire import Wire  # noqa: E402

BIN = pathlib.Path(os.environ.get("KLAMM_BIN", ROOT / "build" / "release" / "bin"))
PEERS = ROOT / "build" / "peers"
CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]
LINES = 100_000


def need(*programs):
    """Skips with a loud line where a peer is absent; in CI a missing peer is a failure."""
    missing = [program for program in programs if shutil.which(str(program)) is None]
    if not missing:
        return
    if os.environ.get("CI"):
        raise RuntimeError(f"CI must have {missing}")
    print(f"SKIPPED: {missing} not found; run ./dev test to install what the tests need", file=sys.stderr)
    raise unittest.SkipTest(f"{missing} not found")


SKIPPED = 77  # what CTest takes for a skipped test


def main():
    """Runs the tests of the calling file. Where all were skipped the exit code says so: that is no success."""
    result = unittest.main(verbosity=2, exit=False).result
    for test, reason in result.skipped:
        print(f"SKIPPED: {test}: {reason}", file=sys.stderr)
    nothing_ran = result.skipped and len(result.skipped) >= result.testsRun
    sys.exit(1 if not result.wasSuccessful() else SKIPPED if nothing_ran else 0)


def run(*command, data=None, timeout=120, check=True, **options):
    """Runs a program to its end; returns its CompletedProcess with bytes in stdout and stderr."""
    command = [str(word) for word in command]
    source = {"stdin": data} if hasattr(data, "read") else {"input": data or b""}
    done = subprocess.run(command, capture_output=True, timeout=timeout, **source, **options)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(command)} exited with {done.returncode}\n"
                             f"{done.stdout[-2000:].decode(errors='replace')}\n{done.stderr[-3000:].decode(errors='replace')}")
    return done


def java_tool(name, *args, **options):
    return run(*kafka.tool(name, *args), **options)


def klamm(name, *args, **options):
    return run(BIN / f"klamm-{name}", *args, **options)


def real_text(lines=LINES):
    """`lines` lines of real text: what this machine's packages say of themselves, repeated as often as needed."""
    text = b"".join(pathlib.Path(path).read_bytes() for path in
                    ["/var/lib/dpkg/status", *sorted(map(str, pathlib.Path("/usr/share/common-licenses").glob("*")))]
                    if os.path.isfile(path))
    source = text.split(b"\n")
    return b"\n".join(source[n % len(source)] for n in range(lines)) + b"\n"


def binary_records(count, seed):
    """Records in the line form of tests/peers/README.md: any bytes as keys and values, nulls, empty ones, headers."""
    chance = random.Random(seed)

    def field(null_chance):
        if chance.random() < null_chance:
            return "-"
        return chance.randbytes(chance.choice([0, 1, 7, 40, 300])).hex()

    lines = []
    for number in range(count):
        headers = ",".join(f"h{n}={field(0.2)}" for n in range(chance.choice([0, 0, 1, 3])))
        # The value begins with the record's number, so that every record is unique and order can be checked.
        lines.append(f"{field(0.2)}\t{number:08x}{field(0).strip('-')}\t{headers}")
    return ("\n".join(lines) + "\n").encode()


class KlammBroker:
    """A klamm-broker process on a free port with a folder of its own; can be killed and started again on both."""

    options = []
    properties = ""

    def __init__(self, *args, data=None):
        self.args = args
        self.own = data is None
        self.data = pathlib.Path(data or tempfile.mkdtemp(prefix="klamm-interop-"))
        self.port = 0
        self.process = None
        self.log = open(self.data.with_name(self.data.name + ".log"), "ab+")

    def start(self):
        self.process = subprocess.Popen([str(BIN / "klamm-broker"), *self.where(), "--data", str(self.data),
                                         *self.args], stdout=subprocess.PIPE, stderr=self.log)
        line = self.process.stdout.readline().decode()
        match = re.fullmatch(r"ready (\S+):(\d+)\n", line)
        if not match:
            raise AssertionError(f"klamm-broker said {line!r} instead of 'ready HOST:PORT'\n{self.log_text()[-3000:]}")
        self.port = int(match[2])
        self.bootstrap = f"127.0.0.1:{self.port}"
        return self

    def where(self):
        return ["--port", str(self.port)]

    def log_text(self):
        return pathlib.Path(self.log.name).read_text(errors="replace")

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def stop(self, seconds=10):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(seconds)
        self.process.stdout.close()
        if code != 0:
            raise AssertionError(f"klamm-broker exited with {code}\n{self.log_text()[-3000:]}")

    def close(self):
        if self.process and self.process.poll() is None:
            self.stop()
        self.log.close()
        if self.own:
            shutil.rmtree(self.data, ignore_errors=True)
            pathlib.Path(self.log.name).unlink(missing_ok=True)

    __enter__ = start

    def __exit__(self, *_):
        self.close()


def create_served_topic(bootstrap, topic, partitions=1):
    """A topic of a cluster of one node that can be produced to at once. Apache Kafka answers CreateTopics when the controller has it;
    its broker may refuse the partitions a moment longer (NOT_LEADER_OR_FOLLOWER), which fails a producer without retries."""
    klamm("topics", "--bootstrap-server", bootstrap, "--create", "--topic", topic, "--partitions", partitions)
    with Wire(bootstrap) as wire:
        wire.await_served(topic, partitions)


class KafkaBroker(kafka.Cluster):
    """A one-node Apache Kafka of the tests' own, in a folder that tests which run at the same time must not share."""

    def __init__(self, home="test-run", **how):
        super().__init__(1, home=PEERS / "kafka" / home, base_port=0, **how)

    def log_text(self):
        return self.log_file(1).read_text(errors="replace")

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()


def restart(broker, pause=0):
    """kill -9 of a broker of either kind, and after `pause` seconds a start on its data and port."""
    if isinstance(broker, KlammBroker):
        broker.kill()
        time.sleep(pause)
        broker.start()
    else:
        broker.kill_node(1)
        time.sleep(pause)
        broker.start_node(1)
        broker.wait_ready(1)


class KlammTlsBroker(KlammBroker):
    """A klamm-broker that speaks TLS alone and demands a client's certificate; `options` let a tool in."""

    def __init__(self):
        super().__init__()
        self.keys = pathlib.Path(tempfile.mkdtemp(prefix="klamm-keys-"))
        run(BIN / "klamm-test-certificates", self.keys)
        stores = "".join(f"ssl.{store}.type=PEM\nssl.{store}.location={self.keys / file}\n"
                         for store, file in (("keystore", "client.pem"), ("truststore", "ca.pem")))
        self.properties = "security.protocol=SSL\n" + stores
        (self.keys / "client.properties").write_text(self.properties)
        self.options = ["--command-config", str(self.keys / "client.properties")]

    def where(self):
        lines = {"listeners": f"SSL://127.0.0.1:{self.port}", "ssl.client.auth": "required",
                 "ssl.keystore.type": "PEM", "ssl.keystore.location": self.keys / "server.pem",
                 "ssl.truststore.type": "PEM", "ssl.truststore.location": self.keys / "ca.pem"}
        return [word for key, value in lines.items() for word in ("--override", f"{key}={value}")]

    def close(self):
        super().close()
        shutil.rmtree(self.keys, ignore_errors=True)


class RunningKafka:
    """An Apache Kafka that runs already, in the folder that KLAMM_TEST_KAFKA_HOME names (or listens at KLAMM_TEST_BOOTSTRAP)."""

    options = []
    properties = ""

    def __init__(self):
        self.bootstrap = os.environ.get("KLAMM_TEST_BOOTSTRAP") or self.told()

    def told(self):
        file = pathlib.Path(os.environ.get("KLAMM_TEST_KAFKA_HOME", "")) / "bootstrap"
        if file.is_file():
            return file.read_text()
        if os.environ.get("CI"):
            raise RuntimeError("CI must have Apache Kafka running")
        print("SKIPPED: Apache Kafka is not running", file=sys.stderr)
        sys.exit(SKIPPED)

    def close(self):
        pass


def cluster():
    """The cluster of the kind KLAMM_TEST_CLUSTER, as in tests/support/test_cluster.h: its `bootstrap`, and the `options` that
    every tool needs to get in, which are `properties` of a client's file. close() ends what was started for it."""
    kind = os.environ.get("KLAMM_TEST_CLUSTER") or "klamm"
    kinds = {"klamm": lambda: KlammBroker().start(), "klamm_tls": lambda: KlammTlsBroker().start(), "kafka": RunningKafka, "kafka3": RunningKafka}
    return kinds[kind]()


class InteropTest(unittest.TestCase):
    """Base of the tests: comparisons that say what differs instead of printing megabytes."""

    def assert_same_lines(self, sent, got, ordered=True):
        sent_lines, got_lines = sent.splitlines(), got.splitlines()
        if sent == got:
            return
        if not ordered:
            sent_lines, got_lines = sorted(sent_lines), sorted(got_lines)
            if sent_lines == got_lines:
                return
        self.assertNotEqual(sent_lines, got_lines, "the lines are the same, their ends are not")
        where = next((n for n, pair in enumerate(zip(sent_lines, got_lines)) if pair[0] != pair[1]),
                     min(len(sent_lines), len(got_lines)))
        self.fail(f"{len(sent_lines)} lines sent, {len(got_lines)} came; first difference at {where}:\n"
                  f"sent {sent_lines[where:where + 1]}\ngot  {got_lines[where:where + 1]}")

    def create_topic(self, broker, topic, partitions=1):
        klamm("topics", "--bootstrap-server", broker.bootstrap, "--create", "--topic", topic, "--partitions", partitions)

    def wait_until(self, condition, what, seconds=30, state=lambda: ""):
        """`state` tells, when it does not come true, what there is instead."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                self.fail(f"not within {seconds} s: {what}; {state()}")
            time.sleep(0.05)
