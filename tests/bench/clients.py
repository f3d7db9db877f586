"""The clients that are measured: how each is started for a piece of work, and what its output says."""
import glob
import json
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PEERS = ROOT / "build" / "peers"
sys.path.insert(0, str(ROOT / "tests" / "peers"))
import kafka  # noqa: E402

# What "pinned alike" means: the same for every client, in Kafka's names.
BATCH, LINGER_MS, IN_FLIGHT, BUFFER = 1_000_000, 5, 5, 32 * 1024 * 1024
FETCH, FETCH_ALL = 1_048_576, 52_428_800


def kafka_producer(work):
    """Configurations of a producer in Kafka's names; those of Java are also ours."""
    settings = {"compression.type": work["codec"]}
    if work["pinned"]:
        settings |= {"batch.size": BATCH, "linger.ms": LINGER_MS, "max.in.flight.requests.per.connection": IN_FLIGHT, "buffer.memory": BUFFER}
        settings |= {"acks": "all", "enable.idempotence": "true"} if work["idempotent"] else {"acks": "1", "enable.idempotence": "false"}
    return settings


def kafka_consumer(work):
    settings = {"max.poll.records": 1} if work["one"] else {}
    return settings | ({"fetch.max.bytes": FETCH_ALL, "check.crcs": "true"} if work["pinned"] else {})


class Outcome:
    def __init__(self, records, seconds, bytes_=None):
        self.records, self.seconds, self.bytes = records, seconds, bytes_


class PerfTools:
    """producer-perf-test and consumer-perf-test, in one form for Kafka's and ours."""

    def produce(self, work, bootstrap, topic, count):
        settings = [f"{key}={value}" for key, value in {"bootstrap.servers": bootstrap, **kafka_producer(work)}.items()]
        return self.tool("producer-perf-test", "--topic", topic, "--num-records", count, "--throughput", -1, "--payload-file", work["payload"],
                         "--bootstrap-server", bootstrap, "--command-property", *settings)

    def consume(self, work, bootstrap, topic, count):
        settings = [word for key, value in kafka_consumer(work).items() for word in ("--command-property", f"{key}={value}")]
        return self.tool("consumer-perf-test", "--bootstrap-server", bootstrap, "--topic", topic, "--num-records", count, "--timeout", 30_000,
                         "--hide-header", *settings)

    def outcome(self, work, finished):
        if work["kind"] == "produce":
            records, rate = re.findall(r"^(\d+) records sent, ([\d.]+) records/sec", finished.out, re.M)[-1]
            return Outcome(int(records), int(records) / float(rate))
        columns = [column.strip() for column in finished.out.strip().splitlines()[-1].split(",")]
        seconds = (int(columns[6]) + int(columns[7])) / 1000  # joining the group, then fetching: the others' clocks begin no later
        return Outcome(int(columns[4]), seconds, round(float(columns[2]) * 1024 * 1024))


class Klamm(PerfTools):
    name = "klamm"

    def __init__(self, bin_folder):
        self.bin = pathlib.Path(bin_folder)
        self.absent = None if (self.bin / "klamm").exists() else "klamm is not built"

    def version(self):
        return subprocess.run([self.bin / "klamm", "--version"], capture_output=True, text=True, check=True).stdout.split()[-1]

    def tool(self, name, *args):
        return [self.bin / "klamm", name, *map(str, args)]


class Java(PerfTools):
    name = "Java"

    def __init__(self):
        self.absent = None if shutil.which("java") and (kafka.LIBS / ".complete").exists() else "java or Kafka's jars are absent"

    def version(self):
        return re.search(r"kafka-clients-(.+)\.jar", " ".join(glob.glob(str(kafka.LIBS / "kafka-clients-*.jar")))).group(1)

    def tool(self, name, *args):
        """As kafka-run-class starts a tool, with its default heap."""
        return ["java", "-Xmx512m", "-XX:+UseG1GC", "-Djava.awt.headless=true", f"-Dlog4j2.configurationFile={kafka.HOME}/log4j2-tool.properties",
                "-cp", f"{kafka.LIBS}/*", kafka.TOOLS[f"kafka-{name}"], *map(str, args)]


class OwnProgram:
    """A client in a program of this repository that prints one line of JSON."""

    def outcome(self, work, finished):
        said = json.loads(finished.out.strip().splitlines()[-1])
        return Outcome(said["records"], said["seconds"], said["bytes"] if work["kind"] == "consume" else None)

    def words(self, work, bootstrap, topic, count, settings):
        words = ["--bootstrap", bootstrap, "--topic", topic, "--count", count, "--payload", work["payload"], "--partitions", work["partitions"],
                 "--one", int(work["one"])]
        for key, value in settings.items():
            words += ["--set", f"{key}={value}"]
        return words

    def produce(self, work, bootstrap, topic, count):
        return [*self.command("produce"), *self.words(work, bootstrap, topic, count, self.producer(work))]

    def consume(self, work, bootstrap, topic, count):
        return [*self.command("consume"), *self.words(work, bootstrap, topic, count, self.consumer(work))]


class Librdkafka(OwnProgram):
    name = "librdkafka"

    def __init__(self, bin_folder):
        self.program = pathlib.Path(bin_folder) / "bench-rdkafka"
        found = glob.glob(str(PEERS / "venv/lib/python3*/site-packages/confluent_kafka.libs/librdkafka-*.so*"))
        self.library = found[0] if found else None
        self.absent = "the confluent-kafka wheel is absent" if not found else None if self.program.exists() else "bench-rdkafka is not built"

    def version(self):
        return subprocess.run(self.command("version"), capture_output=True, text=True, check=True).stdout.strip()

    def command(self, mode):
        return [self.program, mode, "--library", self.library]

    def producer(self, work):
        settings = {"compression.codec": work["codec"]}
        if work["pinned"]:
            settings |= {"batch.size": BATCH, "batch.num.messages": 1_000_000, "linger.ms": LINGER_MS, "max.in.flight.requests.per.connection": IN_FLIGHT,
                         "queue.buffering.max.messages": 1_000_000, "queue.buffering.max.kbytes": BUFFER // 1024}
            settings |= {"acks": -1, "enable.idempotence": "true"} if work["idempotent"] else {"acks": 1}
        return settings

    def consumer(self, work):
        settings = {"group.id": "bench", "enable.auto.commit": "false"}
        if work["pinned"]:  # without a larger queue than its default it stops for a second whenever 100,000 messages wait
            settings |= {"fetch.message.max.bytes": FETCH, "fetch.max.bytes": FETCH_ALL, "check.crcs": "true", "queued.min.messages": 1_000_000}
        return settings


class Franz(OwnProgram):
    name = "franz-go"

    def __init__(self):
        self.program = PEERS / "franz"
        self.absent = None if self.program.exists() else "the franz-go program is absent"

    def version(self):
        return re.search(r"franz-go v([\d.]+)", (ROOT / "tests/peers/franz/go.mod").read_text()).group(1)

    def command(self, mode):
        return [self.program, "bench", mode]

    def producer(self, work):
        settings = {"codec": work["codec"], "idempotent": str(work["idempotent"] or not work["pinned"]).lower()}
        if work["pinned"]:
            settings |= {"batch": BATCH, "linger-ms": LINGER_MS, "in-flight": IN_FLIGHT, "buffered-bytes": BUFFER, "acks": "all" if work["idempotent"] else "1"}
        return settings

    def consumer(self, work):
        return {"fetch": FETCH, "fetch-all": FETCH_ALL} if work["pinned"] else {}


class Variant:
    """A client under another name, with something of its work changed."""

    def __init__(self, client, name, **changes):
        self.client, self.name, self.changes, self.absent = client, name, changes, client.absent

    def version(self):
        return self.client.version()

    def produce(self, work, bootstrap, topic, count):
        return self.client.produce({**work, **self.changes}, bootstrap, topic, count)

    def outcome(self, work, finished):
        return self.client.outcome(work, finished)


class NoClient:
    """Stands in the cases in which a broker is alone."""
    name, absent = "none", None


def all_clients(bin_folder):
    return [Klamm(bin_folder), Librdkafka(bin_folder), Java(), Franz()]
