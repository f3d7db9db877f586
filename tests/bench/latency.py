"""Latency cases: records by an open-loop schedule, the delay of each from the moment when it was due."""
import ctypes
import json
import subprocess

import clients
import machine
from brokers import Topic, broker_cpu
from throughput import Wrong

WARMUP_SECONDS = 1.0
SOURCE = clients.ROOT / "tests" / "bench" / "java" / "LatencyClient.java"
OUR_SCHEDULE = ("klamm", "librdkafka")  # clients in programs with the schedule of bench_client.h
CLASSES = clients.PEERS / "bench-java"


def sharpen_timers():
    """Lets sleeps of this process and of what it starts end when they are due: by default the kernel adds up to 50 us, which every
    delay of a schedule would contain."""
    set_timer_slack = 29
    ctypes.CDLL(None).prctl(set_timer_slack, 1, 0, 0, 0)


def java_ready():
    """Compiles the Java side when its source is newer than what was compiled."""
    target = CLASSES / "LatencyClient.class"
    if target.exists() and target.stat().st_mtime > SOURCE.stat().st_mtime:
        return
    CLASSES.mkdir(parents=True, exist_ok=True)
    subprocess.run(["javac", "-cp", f"{clients.kafka.LIBS}/*", "-d", str(CLASSES), str(SOURCE)], check=True)


def program(client, mode):
    if client.name == "Java":
        java_ready()
        return ["java", "-Xmx512m", "-XX:+UseG1GC", f"-Dlog4j2.configurationFile={clients.kafka.HOME}/log4j2-tool.properties",
                "-cp", f"{CLASSES}:{clients.kafka.LIBS}/*", "LatencyClient", mode]
    return [client.bin / "bench-klamm", mode] if client.name == "klamm" else client.command(mode)


def settings(client, mode):
    """linger 0, acks=1, no idempotence, all else as it is by default; a consumer that is told of records at once."""
    both = mode == "end-to-end"
    if client.name == "librdkafka":
        return {"linger.ms": 0, "acks": 1, **({"group.id": "bench", "enable.auto.commit": "false", "fetch.wait.max.ms": 500} if both else {})}
    if client.name == "franz-go":
        return {"linger-ms": 0, "acks": "1", "idempotent": "false", "codec": "none"}
    named = {"producer.linger.ms": 0, "producer.acks": 1, "producer.enable.idempotence": "false"}
    return {**named, "consumer.enable.auto.commit": "false"} if both else named


class Latency:
    """Threading: one thread."""

    def __init__(self, context, case):
        self.context, self.case, self.work = context, case, case.work
        self.payload = context.payload(self.work["size"], 1000)
        sharpen_timers()

    def words(self, broker, topic, count, warmup):
        return ["--bootstrap", broker.bootstrap, "--topic", topic, "--payload", self.payload, "--partitions", 1, "--rate", self.work["rate"],
                "--count", count, "--warmup", warmup]

    def pace_cpu(self):
        """Seconds of processor time for a record's turn of the schedule in our own programs, right before it is subtracted."""
        count = int(self.work["rate"] * min(2.0, self.context.seconds))
        finished = machine.run_measured([self.context.filler.bin / "bench-klamm", "pace", "--rate", self.work["rate"], "--count", count], self.context.folder)
        if finished.code != 0:
            raise Wrong(f"the schedule alone ended with {finished.code}: {finished.errors[-600:]}")
        return finished.cpu / count

    def round(self, client, broker_name):
        broker, mode = self.context.brokers.get(broker_name), self.work["mode"]
        count = max(200, int(self.work["rate"] * self.context.seconds))
        warmup = int(self.work["rate"] * min(WARMUP_SECONDS, self.context.seconds))
        pace = self.pace_cpu() if client.name in OUR_SCHEDULE else 0.0
        with Topic(broker, self.context.topic_name(), 1) as topic:
            before = broker_cpu(broker)
            words = [word for key, value in settings(client, mode).items() for word in ("--set", f"{key}={value}")]
            finished = machine.run_measured([*program(client, mode), *self.words(broker, topic.name, count, warmup), *words], self.context.folder)
            if finished.code != 0:
                raise Wrong(f"{client.name} ended with {finished.code}: {finished.errors[-600:]}")
            said = json.loads(finished.out.strip().splitlines()[-1])
            used = broker_cpu(broker) - before
            if said["records"] != count or topic.records() != count + warmup:
                raise Wrong(f"{client.name}: {count} records wanted, {said['records']} timed, {topic.records()} stored with {warmup} of the warm-up")
        total = count + warmup
        return {**said, "client_cpu_ns": machine.per_record(finished.cpu - pace * total, total),
                "client_cpu_raw_ns": machine.per_record(finished.cpu, total), "pace_cpu_ns": round(pace * 1e9, 1),
                "broker_cpu_ns": round(used / total * 1e9, 1), "client_memory_mb": round(finished.peak, 1), "verified": True}
