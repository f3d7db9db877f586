#!/usr/bin/env python3
"""Java and Klamm members in one classic group: they join, leave, crash, come back, freeze and replace each other; the topic
grows and the broker is killed and started again.

usage: mixed_groups.py [--broker klamm|kafka|both] [--rounds N] [--seed S]

Each round does one thing, or a few at once, chosen by the seed (the first rounds do each thing once); then every partition
must have an owner again and every record acknowledged so far must be read. Two producers, one of each make, send all the
while. At the end the lines of all members are held against the rules of verifiable_rules.py, and against the offsets that
the broker tells.
"""
import argparse
import collections
import json
import os
import random
import signal
import sys
import tempfile
import time

import harness
import verifiable_rules as rules
from verifiable import MAKES, VerifiableClient, clients, committed_offsets, now_ms
from verifiable_rules import Partition

PARTITIONS = 6              # at the beginning
MOST_PARTITIONS = 9
MOST_MEMBERS = 5            # fewer than partitions: with range each member owns something
STATIC_NAMES = ["static-a", "static-b"]
SESSION_MS = 8_000          # heartbeats come every second: only a machine that stands still loses a live member
SETTLE_SECONDS = 180        # the end of a session and a rebalance take 10; the rest is for JVMs that start on a busy machine
RANGE = "org.apache.kafka.clients.consumer.RangeAssignor"
KAFKAS_DEFAULT = RANGE + ",org.apache.kafka.clients.consumer.CooperativeStickyAssignor"


class GroupFault(AssertionError):
    """The group did not do what it must."""


class MixedGroup:
    """One group over its whole life. Threading: one thread."""

    def __init__(self, broker, seed, started, options):
        self.broker, self.bootstrap, self.started = broker, broker.bootstrap, started
        self.options = ["--command-config", options]
        self.chance = random.Random(seed)
        self.partitions = PARTITIONS
        self.topic = self.group = f"mixed-{seed}"
        self.members, self.consumers, self.producers = [], [], []
        self.done = collections.Counter()
        self.slowest = 0.0
        self.deck = [self.join, self.join_static, self.leave, self.crash, self.crash_and_return, self.replace, self.freeze, self.grow,
                     self.restart_broker]
        self.chance.shuffle(self.deck)
        harness.klamm("topics", "--bootstrap-server", self.bootstrap, "--create", "--topic", self.topic, "--partitions", PARTITIONS)
        for make in MAKES:
            prefix = 1 + len(self.producers)
            self.producers.append(self.start(make, "producer", f"{make}-producer", "--throughput", 40, "--repeating-keys", 29,
                                             "--value-prefix", prefix))
        for make in MAKES:
            self.join(make)
        self.settle()

    def start(self, make, role, name, *args):
        client = VerifiableClient(make, role, name, self.bootstrap, self.topic, *args, *self.options)
        self.started.append(client)
        return client

    # What happens to the group.

    def join(self, make=None, static=None):
        make = make or self.chance.choice(MAKES)
        name = f"m{len(self.consumers)}-{make}" + (f"-{static}" if static else "")
        args = ["--group-id", self.group, "--session-timeout", SESSION_MS, "--verbose",
                "--assignment-strategy", self.chance.choice([RANGE, KAFKAS_DEFAULT])]
        member = self.start(make, "consumer", name, *args, *(["--group-instance-id", static] if static else []))
        member.static = static
        self.members.append(member)
        self.consumers.append(member)
        return f"join {name}"

    def join_static(self):
        free = [name for name in STATIC_NAMES if name not in [member.static for member in self.members]]
        return self.join(static=self.chance.choice(free)) if free else self.join()

    def pick(self):
        member = self.chance.choice(self.members)
        self.members.remove(member)
        return member

    def leave(self):
        member = self.pick()
        code = member.stop(number=self.chance.choice([signal.SIGTERM, signal.SIGINT]))
        if code not in (128 + signal.SIGTERM, 128 + signal.SIGINT):
            raise GroupFault(f"{member.name} ended with {code}\n{member.log_text()[-2000:]}")
        return f"leave {member.name}"

    def crash(self):
        member = self.pick()
        member.kill()
        return f"crash {member.name}"

    def crash_and_return(self, static=None):
        """A static member comes back, as either make, before its session ends: it gets what it had."""
        member = self.pick()
        member.kill()
        return f"crash {member.name}, {self.join(static=member.static or static)}"

    def replace(self):
        """A second process takes a static member's name: the first is fenced and ends by itself."""
        static = [member for member in self.members if member.static]
        if not static:
            return self.crash_and_return(static=STATIC_NAMES[0])
        member = self.chance.choice(static)
        self.wait_for(lambda: member.counts["partitions_assigned"], f"{member.name} is a member")  # or it would come second
        self.members.remove(member)
        words = f"replace {member.name}, {self.join(static=member.static)}"
        member.run.replaced_by = self.members[-1].name
        member.finish(SETTLE_SECONDS)
        return words

    def freeze(self):
        """A member that says nothing for longer than its session; what it held goes to others. It goes on while they read."""
        member = self.chance.choice(self.members)
        member.run.frozen.append(now_ms())
        member.process.send_signal(signal.SIGSTOP)
        time.sleep(SESSION_MS / 1000 + 2)
        member.process.send_signal(signal.SIGCONT)
        return f"freeze {member.name}"

    def grow(self):
        """One partition more: whoever leads the group sees it in the metadata and shares out anew."""
        if self.partitions < MOST_PARTITIONS:
            self.partitions += 1
            harness.klamm("topics", "--bootstrap-server", self.bootstrap, "--alter", "--topic", self.topic, "--partitions", self.partitions)
        return f"grow to {self.partitions} partitions"

    def restart_broker(self):
        """kill -9, and a start on the same data: the group and its offsets are read back from their log."""
        harness.restart(self.broker, pause=self.chance.choice([0, 0, 1, 3]))
        return "kill and start the broker"

    def deeds(self):
        if self.deck:
            return [self.deck.pop()]
        few, many = len(self.members) <= 2, len(self.members) >= MOST_MEMBERS
        choice = [self.join, self.join, self.join_static] * (not many) + [self.leave, self.leave, self.crash] * (not few)
        choice += [self.crash_and_return, self.replace, self.freeze] * 2 + [self.restart_broker]
        choice += [self.grow] * (self.partitions < MOST_PARTITIONS)
        return self.chance.choices(choice, k=self.chance.choice([1, 1, 1, 2, 3]))

    def one_round(self):
        """Does something; returns what, in words."""
        words = []
        for deed in self.deeds():
            if deed in (self.leave, self.crash) and len(self.members) <= 1:
                deed = self.join
            if deed in (self.join, self.join_static) and len(self.members) >= MOST_MEMBERS:
                deed = self.crash
            self.done[deed.__name__] += 1
            words.append(deed())
        return ", ".join(words)

    # What must follow.

    def settle(self, seconds=SETTLE_SECONDS):
        """Waits until every partition has one owner, every member owns something, and what was acknowledged by now is read."""
        begin, wanted = time.monotonic(), None
        while True:
            for client in [*self.members, *self.producers]:
                if not client.alive:
                    raise GroupFault(f"{client.name} ended by itself\n{client.log_text()[-3000:]}")
            held = [member.held for member in self.members]  # all alive, see above
            owned = all(held) and sorted(number for numbers in held for number in numbers) == list(range(self.partitions))
            if owned:
                wanted = wanted or self.reached(self.producers)
                read = self.reached(self.consumers)
                if all(read.get(partition, -1) >= offset for partition, offset in wanted.items()):
                    break
            if time.monotonic() - begin > seconds:
                raise GroupFault(f"not settled within {seconds} s: "
                                 f"{ {member.name: sorted(numbers) for member, numbers in zip(self.members, held)} }, "
                                 f"acknowledged {wanted}, read {self.reached(self.consumers)}")
            time.sleep(0.02)
        took = time.monotonic() - begin
        self.slowest = max(self.slowest, took)
        return took

    @staticmethod
    def wait_for(condition, what, seconds=SETTLE_SECONDS):
        begin = time.monotonic()
        while not condition():
            if time.monotonic() - begin > seconds:
                raise GroupFault(f"not within {seconds} s: {what}")
            time.sleep(0.02)

    @staticmethod
    def reached(some):
        """Partition -> highest offset that these clients told of."""
        highest = {}
        for client in some:
            for partition, offset in dict(client.reached).items():
                highest[partition] = max(highest.get(partition, -1), offset)
        return highest

    def finish(self):
        """Ends everybody and returns the violations of the rules."""
        for producer in self.producers:
            producer.stop()
        producers, self.producers = self.producers, []
        ends = committed_offsets(self.bootstrap, self.group)[1]
        self.wait_for(lambda: all(self.reached(self.consumers).get(partition, -1) == end - 1 for partition, end in ends.items()),
                      f"the end {ends} is read")
        for member in self.members:
            member.stop()
        committed = committed_offsets(self.bootstrap, self.group)[0]
        found = [f"{client.name} wrote no JSON: {client.bad_lines[:2]}" for client in self.consumers + producers if client.bad_lines]
        found += [sentence for producer in producers for sentence in rules.check_producer(producer.run)]
        named = lambda offsets: {Partition(self.topic, number): offset for number, offset in offsets.items()}  # noqa: E731
        found += rules.check_group([consumer.run for consumer in self.consumers], committed=named(committed))
        found += rules.check_topic([producer.run for producer in producers], [consumer.run for consumer in self.consumers], named(ends))
        if committed != ends:
            found.append(f"all is read, but committed is {committed} of {ends}")
        self.records = sum(ends.values())
        return found


def keep_evidence(folder, broker, started):
    """The lines and logs of all processes, for whoever looks for the fault."""
    folder.mkdir(parents=True, exist_ok=True)
    for client in started:
        (folder / f"{client.name}.jsonl").write_text("".join(json.dumps(event) + "\n" for event in list(client.run.events)))
        (folder / f"{client.name}.log").write_text(client.log_text())
    (folder / "broker.log").write_text(broker.log_text())


def run_rounds(broker, rounds, seed, tell=lambda line: None):
    """A group's life; returns a summary line. A fault is an AssertionError."""
    begin = time.monotonic()
    with tempfile.NamedTemporaryFile("w", suffix=".properties") as options, clients() as started:
        options.write("metadata.max.age.ms=2000\nheartbeat.interval.ms=1000\n")  # new partitions and rebalances are seen soon
        options.flush()
        try:
            group = MixedGroup(broker, seed, started, options.name)
            for number in range(1, rounds + 1):
                words = group.one_round()
                took = group.settle()
                tell(f"round {number}/{rounds}: {words}; {len(group.members)} members, settled in {took:.1f} s")
            found = group.finish()
            if found:
                raise GroupFault(f"{len(found)} violations:\n" + "\n".join(map(str, found[:20])))
        except AssertionError as fault:
            folder = harness.ROOT / "build" / "groups" / f"{type(broker).__name__}-{seed}"
            keep_evidence(folder, broker, started)
            raise GroupFault(f"{fault}\nall lines and logs are in {folder}") from None
        makes = collections.Counter(consumer.make for consumer in group.consumers)
    deeds = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in sorted(group.done.items()))
    return (f"{rounds} rounds ({deeds}), {makes['java']} Java and {makes['klamm']} Klamm members, {group.records} records, "
            f"each read, one owner each; slowest settling {group.slowest:.1f} s; {time.monotonic() - begin:.0f} s in all")


def broker_of(kind):
    return harness.KlammBroker() if kind == "klamm" else harness.KafkaBroker(f"groups-{os.getpid()}")


def main():
    parser = argparse.ArgumentParser(prog="./dev groups", description="Java and Klamm members in one classic group.")
    parser.add_argument("--broker", choices=["klamm", "kafka", "both"], default="both")
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1, 1_000_000))
    options = parser.parse_args()
    failed = False
    for kind in ["klamm", "kafka"] if options.broker == "both" else [options.broker]:
        print(f"groups: {kind} as the broker, {options.rounds} rounds, seed {options.seed}", flush=True)
        with broker_of(kind) as broker:
            try:
                summary = run_rounds(broker, options.rounds, options.seed, tell=lambda line: print(f"groups: {line}", flush=True))
                print(f"groups: {kind}: passed: {summary}", flush=True)
            except AssertionError as fault:
                failed = True
                print(f"groups: {kind}: FAILED: {fault}\ngroups: repeat it: ./dev groups --broker {kind} --rounds {options.rounds} "
                      f"--seed {options.seed}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    os.environ.setdefault("KLAMM_BIN", str(harness.BIN))
    sys.exit(main())
