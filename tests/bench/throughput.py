"""Produce and consume cases: how a round of one client is run, checked and counted."""
import contextlib
import os
import subprocess
import tempfile

import machine
import payload
from brokers import Topic, broker_cpu

BASELINE = 1_000              # records of the run whose cost, that of starting and stopping a client, is subtracted
# Of one process; a round of more is several processes, one after the other. The topic of each is deleted before the next begins,
# which finds its memory: pages that a virtual machine has handed back to its host cost several times their use.
MOST_BYTES = {"produce": 10 ** 9, "consume": 2 * 10 ** 9}
FIRST_COUNT = {"klamm": 2_000_000, "librdkafka": 600_000, "franz-go": 500_000, "Java": 300_000}
QUICK_RECORDS = 20_000
CHECKED = 100_000             # records of a topic that are read back and compared


class Wrong(Exception):
    """A client failed, or what it delivered is not what it was given."""


class Throughput:
    """Threading: one thread."""

    def __init__(self, context, case):
        self.context, self.case, self.work = context, case, dict(case.work)
        lines = 2_000_000 // self.work["size"] if self.work["codec"] != "none" else 400_000 // self.work["size"]
        self.work["payload"] = context.payload(self.work["size"], max(500, min(20_000, lines)))
        self.rates, self.baselines, self.filled = {}, {}, {}

    def most_records(self):
        return MOST_BYTES[self.work["kind"]] // (self.work["size"] + 12)

    def round(self, client, broker_name):
        broker = self.context.brokers.get(broker_name)
        key = (client.name, broker_name)
        if self.context.quick:
            return self.sum_up([self.once(client, broker, QUICK_RECORDS, True)], 0.0)
        if key not in self.rates:
            self.baselines[key] = self.baseline(client, broker)
            known = self.context.results.known_rate(self.case.name, *key)
            first = FIRST_COUNT[client.name.split()[0]] * (100 if self.work["size"] < 1000 else 30) // 100
            self.rates[key] = known or self.once(client, broker, self.scaled(first), False)["rate"]
        records = max(BASELINE, int(self.rates[key] * self.context.seconds))
        processes = -(-records // self.most_records())
        if self.work["kind"] == "consume":
            processes = max(1, round(records / self.fill(broker)))
        # What is fresh in memory and in the broker is paid by a process that is not measured.
        self.once(client, broker, self.scaled(min(records // processes, round(1.5 * self.rates[key]))), False)
        parts = [self.once(client, broker, self.scaled(records // processes), number + 1 == processes) for number in range(processes)]
        sample = self.sum_up(parts, self.baselines[key])
        self.rates[key] = sample["rate"]
        return sample

    def scaled(self, records):
        return max(BASELINE, min(records, QUICK_RECORDS if self.context.quick else self.most_records()))

    def sum_up(self, parts, baseline):
        records = sum(part["records"] for part in parts)
        cpu = sum(part["cpu"] for part in parts) - baseline * len(parts)
        counted = records - BASELINE * len(parts)
        return {"records": records, "seconds": round(sum(part["seconds"] for part in parts), 4),
                "rate": round(records / sum(part["seconds"] for part in parts)),
                "client_cpu_ns": machine.per_record(cpu, counted),
                "client_cpu_raw_ns": machine.per_record(sum(part["cpu"] for part in parts), records),
                "broker_cpu_ns": round(sum(part["broker_cpu"] for part in parts) / records * 1e9, 2),
                "client_memory_mb": round(max(part["peak"] for part in parts), 1), "processes": len(parts),
                "startup_cpu_s": round(baseline, 3), "verified": True}

    def once(self, client, broker, records, checked):
        return (self.produce if self.work["kind"] == "produce" else self.consume)(client, broker, records, checked)

    def baseline(self, client, broker):
        """Seconds of processor time for a run of so few records that they do not count."""
        return min(self.once(client, broker, BASELINE, False)["cpu"] for _ in range(1 if client.name == "Java" else 3))

    def measured(self, client, broker, command):
        before = broker_cpu(broker)
        finished = machine.run_measured(command, self.context.folder)
        if finished.code != 0:
            raise Wrong(f"{client.name} ended with {finished.code}: {finished.errors[-600:]} {finished.out[-300:]}")
        outcome = client.outcome(self.work, finished)
        return outcome, {"records": outcome.records, "seconds": outcome.seconds, "rate": outcome.records / max(1e-9, outcome.seconds), "cpu": finished.cpu,
                         "broker_cpu": broker_cpu(broker) - before, "peak": finished.peak}

    def produce(self, client, broker, records, checked):
        with Topic(broker, self.context.topic_name(), self.work["partitions"]) as topic:
            outcome, part = self.measured(client, broker, client.produce(self.work, broker.bootstrap, topic.name, records))
            stored = topic.records()
            if outcome.records != records or stored != records:
                raise Wrong(f"{client.name}: {records} given, {outcome.records} acknowledged, {stored} in the topic")
            if checked:
                self.context.read_back(self.work, broker, topic.name, min(records, CHECKED))
        return part

    def fill(self, broker):
        """How many records the topic of this broker holds for its consumers; our producer writes them once."""
        if broker not in self.filled:  # one that was started anew holds nothing
            topic = self.context.stack.enter_context(Topic(broker, self.context.topic_name(), self.work["partitions"]))
            records = self.scaled(self.most_records())
            writing = {**self.work, "kind": "produce", "pinned": True, "idempotent": False}
            finished = machine.run_measured(self.context.filler.produce(writing, broker.bootstrap, topic.name, records), self.context.folder)
            if finished.code != 0 or topic.records() != records:
                raise Wrong(f"the topic to read could not be filled: {finished.errors[-500:]}")
            self.context.read_back(self.work, broker, topic.name, min(records, CHECKED))
            self.filled[broker] = (topic, records)
        return self.filled[broker][1]

    def consume(self, client, broker, records, _checked):
        records = min(records, self.fill(broker))
        outcome, part = self.measured(client, broker, client.consume(self.work, broker.bootstrap, self.filled[broker][0].name, records))
        expected = outcome.records * self.work["size"]
        if outcome.records < records or abs((outcome.bytes if outcome.bytes is not None else expected) - expected) > 200:
            raise Wrong(f"{client.name}: {records} records wanted, {outcome.records} records of {outcome.bytes} bytes came")
        return part


class Context:
    """What the cases of one run share: brokers, payloads, results and a folder for what programs print."""

    def __init__(self, brokers, results, filler, seconds, quick):
        self.brokers, self.results, self.filler, self.seconds = brokers, results, filler, seconds
        self.quick = quick
        self.stack = contextlib.ExitStack()
        self.folder = self.stack.enter_context(tempfile.TemporaryDirectory(prefix="klamm-bench-out-"))
        self.topics, self.payloads = 0, {}

    def topic_name(self):
        self.topics += 1
        return f"bench-{os.getpid()}-{self.topics}"

    def payload(self, size, lines):
        if (size, lines) not in self.payloads:
            path = f"{self.folder}/payload-{size}-{lines}"
            payload.write(path, size, lines)
            self.payloads[size, lines] = path
        return self.payloads[size, lines]

    def read_back(self, work, broker, topic, records):
        """The first records must be lines of the payload, each about as often as the others."""
        with open(work["payload"], "rb") as file:
            lines = file.read().split(b"\n")
        command = [self.filler.bin / "klamm", "console-consumer", "--bootstrap-server", broker.bootstrap, "--topic", topic, "--from-beginning",
                   "--max-messages", str(records), "--timeout-ms", "30000"]
        done = subprocess.run(command, capture_output=True, timeout=60, check=False)
        values = done.stdout.split(b"\n")[:-1]
        strange = payload.strange(values, lines)
        if len(values) != records or strange:
            raise Wrong(f"of {records} records of {topic} {len(values)} could be read back, {strange} of them not as they were sent: {done.stderr[-300:]}")

    def end_of_case(self):
        """Deletes the topics and payloads of a case; the next one begins with an empty folder whatever becomes of them."""
        ended, self.payloads = self.stack.pop_all(), {}
        self.folder = self.stack.enter_context(tempfile.TemporaryDirectory(prefix="klamm-bench-out-"))
        ended.close()
