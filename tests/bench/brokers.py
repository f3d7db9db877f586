"""The brokers that a benchmark talks to, one process each, their data in a folder that goes with them."""
import contextlib
import os
import pathlib
import select
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "peers"))
import kafka  # noqa: E402
import machine  # noqa: E402
from wire import Broken, Wire  # noqa: E402

MEMORY_DISK, ROOM = pathlib.Path("/dev/shm"), 10 * 10 ** 9


def data_folder():
    """A new folder in memory where there is room for some gigabytes, on the disk of temporary files elsewhere."""
    roomy = MEMORY_DISK.is_dir() and shutil.disk_usage(MEMORY_DISK).free > ROOM
    return pathlib.Path(tempfile.mkdtemp(prefix="klamm-bench-", dir=MEMORY_DISK if roomy else None))


class KlammBroker:
    name, released = "klamm-broker", False

    def __init__(self, program, folder, durable=True):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        port = kafka.free_ports(1)[0]
        self.bootstrap = f"127.0.0.1:{port}"
        self.command = [str(program), "--port", str(port), *(["--data", str(self.folder / "data")] if durable else [])]
        self.process = None

    def spawn(self):
        """In a session of its own: Ctrl-C is for this program, which still deletes topics and then ends the broker."""
        with open(self.folder / "broker.log", "ab") as log:
            self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=log, start_new_session=True,
                                            env={**os.environ, "TMPDIR": str(self.folder)})
        self.pid = self.process.pid

    def start(self):
        self.spawn()
        readable, _, _ = select.select([self.process.stdout], [], [], 30)
        if not readable or not self.process.stdout.readline().startswith(b"ready"):
            self.stop()
            raise RuntimeError(f"klamm-broker did not start: {(self.folder / 'broker.log').read_text()[-1000:]}")

    def stop(self):
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.process = None


@contextlib.contextmanager
def exits_as_errors():
    """A cluster that does not start says why and ends its program; here that costs a round."""
    try:
        yield
    except SystemExit as end:
        if not isinstance(end.code, str):  # a signal ends this program
            raise
        raise RuntimeError(end.code) from end


class ApacheKafka:
    name, released = "Apache Kafka", False

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.cluster = kafka.Cluster(1, self.folder, base_port=0, more=lambda node: "log.segment.delete.delay.ms=100\n")
        self.bootstrap = self.cluster.bootstrap
        self.process = None

    def format(self):
        """All of start() but starting."""
        start_node, wait_ready = self.cluster.start_node, self.cluster.wait_ready
        self.cluster.start_node = self.cluster.wait_ready = lambda node: None
        with exits_as_errors():
            self.cluster.start()
        self.cluster.start_node, self.cluster.wait_ready = start_node, wait_ready

    def spawn(self):
        self.cluster.start_node(1)
        self.pid = int(self.cluster.pid_file(1).read_text())

    def start(self):
        self.format()
        self.spawn()
        with exits_as_errors():
            self.cluster.wait_ready(1)

    def stop(self):
        self.cluster.stop()


class Brokers:
    """Starts each kind when a case first asks for it, and stops all of them at the end."""

    def __init__(self, program):
        self.program, self.folder, self.running = program, data_folder(), {}

    def get(self, name):
        if name not in self.running:
            home = self.folder / name.replace(" ", "-")
            broker = KlammBroker(self.program, home) if name == KlammBroker.name else ApacheKafka(home)
            self.running[name] = broker
            broker.start()
            time.sleep(1.0)
        return self.running[name]

    def release(self, name):
        """Ends the broker, and with it all its topics; who asks for it next gets a new one."""
        broker = self.running.pop(name, None)
        if broker is not None:
            broker.released = True
            broker.stop()
            shutil.rmtree(broker.folder, ignore_errors=True)

    def close(self):
        """Ends every one of them, whatever becomes of the others."""
        with contextlib.ExitStack() as stack:
            stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
            for name in self.running:
                stack.callback(self.release, name)


class Topic:
    """A topic for one measurement; leaving it deletes it, and waits until its files are gone. An error on the way out does not hide the
    one that led there."""

    def __init__(self, broker, name, partitions):
        self.broker, self.name, self.partitions = broker, name, partitions

    def __enter__(self):
        with Wire(self.broker.bootstrap) as wire:
            wire.create_topics([self.name], self.partitions, [("file.delete.delay.ms", "100")])
        return self

    def records(self):
        with Wire(self.broker.bootstrap) as wire:
            return wire.end_offsets(self.name, self.partitions)

    def __exit__(self, kind, *_):
        if self.broker.released:
            return
        try:
            self.delete()
        except (OSError, Broken):
            if kind is None:
                raise

    def delete(self):
        with Wire(self.broker.bootstrap) as wire:
            wire.delete_topics([self.name])
        deadline = time.monotonic() + 5
        while any(self.broker.folder.glob(f"**/{self.name}*")) and time.monotonic() < deadline:
            time.sleep(0.05)


def broker_cpu(broker):
    return machine.process_cpu(broker.pid)
