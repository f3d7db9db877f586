"""Verifiable clients of both makes as processes whose lines are read while they run."""
import collections
import contextlib
import json
import os
import signal
import subprocess
import tempfile
import threading
import time

import harness
from verifiable_rules import Run

MAKES = ["klamm", "java"]


def now_ms():
    return time.time_ns() // 1_000_000


class VerifiableClient:
    """A verifiable producer or consumer. Its Run grows while it lives.

    Threading: the owner's thread, but for `run.events`, `counts`, `reached` and `held`, which a reader writes.
    """

    def __init__(self, make, role, name, bootstrap, topic, *args, limited=False):
        words = ["--bootstrap-server", bootstrap, "--topic", topic, *map(str, args)]
        command = ([str(harness.BIN / f"klamm-verifiable-{role}"), *words] if make == "klamm" else
                   harness.kafka.tool(f"kafka-verifiable-{role}", *words))
        self.make, self.role, self.name = make, role, name
        self.run = Run(name, [], end="running", limited=limited)
        self.bad_lines = []
        self.counts = collections.Counter()
        self.reached = {}         # partition -> highest offset told of
        self.held = frozenset()   # the partitions that it has by its own words
        self.log = tempfile.TemporaryFile()
        # What runs in the background of a shell ignores SIGINT, and a JVM would inherit that.
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log,
                                        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            try:
                event = json.loads(line)
                self._note(event)
                self.run.events.append(event)
                self.counts[event["name"]] += 1
            except (ValueError, KeyError, TypeError):
                if self.run.end == "running":  # a kill may cut the last line
                    self.bad_lines.append(line)

    def _note(self, event):
        """What those who wait want to know without reading all lines again."""
        name = event["name"]
        if name in ("producer_send_success", "record_data"):
            self.reached[event["partition"]] = max(event["offset"], self.reached.get(event["partition"], -1))
        elif name == "partitions_assigned":
            self.held |= {entry["partition"] for entry in event["partitions"]}
        elif name == "partitions_revoked":
            self.held -= {entry["partition"] for entry in event["partitions"]}

    @property
    def alive(self):
        return self.process.poll() is None

    def stop(self, seconds=60, number=signal.SIGTERM):
        """A clean end; returns the exit code."""
        self.process.send_signal(number)
        return self.finish(seconds)

    def finish(self, seconds=60):
        """Waits for its own end; returns the exit code."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} ({self.make}) did not end within {seconds} s\n{self.log_text()[-2000:]}") from None
        self._close("stopped")
        return code

    def kill(self):
        self.run.ended = now_ms()
        self.process.kill()
        self.process.wait()
        self._close("killed")

    def _close(self, end):
        self.run.end = end
        self.reader.join(10)
        self.process.stdout.close()

    def log_text(self):
        # Not seek(): the process writes to the same open file and would go on from there.
        size = os.fstat(self.log.fileno()).st_size
        return os.pread(self.log.fileno(), size, 0).decode(errors="replace")

    def state(self):
        """What a failed test shows: events by name, reached offsets, lines that were no event, the end of the log."""
        return (f"{self.name}: {dict(self.counts)}, reached {self.reached}, {'alive' if self.alive else 'ended'}, "
                f"bad lines {self.bad_lines[:3]}, log:\n{self.log_text()[-3000:]}")


@contextlib.contextmanager
def clients():
    """A list for clients; whatever still runs at the end is killed."""
    started = []
    try:
        yield started
    finally:
        for client in started:
            if client.alive:
                client.kill()
            client.log.close()


def committed_offsets(bootstrap, group):
    """(partition number -> committed offset, partition number -> end offset) as the broker tells a tool."""
    described = harness.klamm("consumer-groups", "--bootstrap-server", bootstrap, "--describe", "--group", group).stdout.decode()
    rows = [line.split() for line in described.splitlines() if line.startswith(group + " ")]
    return ({int(row[2]): int(row[3]) for row in rows if row[3] != "-"}, {int(row[2]): int(row[4]) for row in rows if row[4] != "-"})
