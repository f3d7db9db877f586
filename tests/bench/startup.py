"""Broker cases: from the start of the process to its first answer and its first acknowledged record, and what it takes when nobody
asks anything."""
import contextlib
import shutil
import time

import machine
from brokers import ApacheKafka, KlammBroker, broker_cpu
from throughput import Wrong
from wire import Broken, Wire

ASK_EVERY, GIVE_UP = 0.0002, 60
PARTITIONS, CONNECTIONS = 1000, 1000
TOPIC = "first"


def first_answer(broker):
    """Asks until it answers."""
    deadline = time.monotonic() + GIVE_UP
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, Broken):
            wire = Wire(broker.bootstrap)
            try:
                wire.api_versions()
                return wire
            except (OSError, Broken):
                wire.socket.close()
        time.sleep(ASK_EVERY)
    raise Wrong(f"{broker.name} does not answer after {GIVE_UP} s")


def first_acknowledged(wire):
    """Appends a record, to a topic that is made for it where there is none."""
    deadline = time.monotonic() + GIVE_UP
    while time.monotonic() < deadline:
        if wire.has_leaders(TOPIC) and wire.produce_one(TOPIC):
            return
        time.sleep(ASK_EVERY)
    raise Wrong(f"no record acknowledged after {GIVE_UP} s")


def at_idle(broker, seconds):
    """Resident MB and ms of processor time per second, after some time without a request."""
    time.sleep(min(3.0, seconds))
    before = broker_cpu(broker)
    time.sleep(seconds)
    return {"idle_memory_mb": round(machine.memory(broker.pid, "VmRSS"), 2), "idle_cpu_ms_per_s": round((broker_cpu(broker) - before) / seconds * 1000, 2)}


class Startup:
    """Each round starts a broker of its own. Threading: one thread."""

    def __init__(self, context, case):
        self.context, self.work, self.rounds = context, case.work, 0

    def make(self, name):
        self.rounds += 1
        folder = self.context.brokers.folder / f"start-{self.rounds}"
        if name == KlammBroker.name:
            return KlammBroker(self.context.brokers.program, folder, durable=not self.work.get("temporary"))
        return ApacheKafka(folder)

    def round(self, _client, name):
        broker = self.make(name)
        try:
            return self.with_connections(broker) if self.work.get("connections") else self.start_and_idle(broker)
        finally:
            broker.stop()
            shutil.rmtree(broker.folder, ignore_errors=True)

    def prepare(self, broker):
        """What is there before the start that is measured: a formatted folder, or many partitions after a clean stop."""
        if isinstance(broker, ApacheKafka):
            broker.format()
        if self.work.get("partitions_there"):
            broker.spawn()
            with first_answer(broker) as wire:
                wire.create_topics([TOPIC], PARTITIONS)
                wire.produce_one(TOPIC)
            broker.stop()

    def start_and_idle(self, broker):
        self.prepare(broker)
        begin = time.perf_counter()
        broker.spawn()
        with first_answer(broker) as wire:
            answered = time.perf_counter()
            first_acknowledged(wire)
            acknowledged = time.perf_counter()
        sample = {"first_answer_ms": round((answered - begin) * 1000, 2), "first_ack_ms": round((acknowledged - begin) * 1000, 2),
                  **at_idle(broker, self.context.seconds)}
        stopping = time.perf_counter()
        broker.stop()
        return {**sample, "stop_ms": round((time.perf_counter() - stopping) * 1000, 1), "verified": True}

    def with_connections(self, broker):
        self.prepare(broker)
        broker.spawn()
        first_answer(broker).socket.close()
        alone = at_idle(broker, 1.0)
        with contextlib.ExitStack() as stack:
            for _ in range(CONNECTIONS):
                stack.enter_context(Wire(broker.bootstrap)).api_versions()
            idle = at_idle(broker, self.context.seconds)
            still = Wire(broker.bootstrap)
            still.api_versions()
            still.socket.close()
        grown = idle["idle_memory_mb"] - alone["idle_memory_mb"]
        return {**idle, "connection_kb": round(grown * 1000 / CONNECTIONS, 2), "verified": True}
