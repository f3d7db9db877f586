"""What the system knows: processor time, memory and idleness, and the network in which every socket runs under one congestion
control."""
import contextlib
import os
import pathlib
import platform
import shutil
import socket
import subprocess
import sys
import time

CONGESTION = "cubic"
INSIDE = "KLAMM_BENCH_NETWORK"
IDLE_WANTED = 90.0  # percent of the processors, before a measurement
TICKS = os.sysconf("SC_CLK_TCK")
# The loopback of a network of its own, whose routes give every socket cubic, whoever opened it; nothing outside changes.
ENTER = f"""ip link set lo up
for net in 127.0.0.0/8 127.0.0.1; do
  ip route replace table local local $net dev lo proto kernel scope host src 127.0.0.1 congctl {CONGESTION} || exit 1
done
exec "$@"
"""


def congestion_of_new_connections():
    """What a connection over this loopback runs under when nobody asked for anything."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        with socket.create_connection(listener.getsockname()) as client:
            return client.getsockopt(socket.IPPROTO_TCP, 13, 16).split(b"\0")[0].decode()


def enter_network():
    """Starts this program again in a network namespace where loopback is cubic, if that can be made."""
    if os.environ.get(INSIDE) or congestion_of_new_connections() == CONGESTION:
        return
    if shutil.which("unshare") and shutil.which("ip"):
        user = [] if os.geteuid() == 0 else ["--map-root-user"]
        enter = ["unshare", "--net", *user, "sh", "-c", ENTER, "sh"]
        if subprocess.run([*enter, "true"], capture_output=True, check=False).returncode == 0:
            os.environ[INSIDE] = "own"
            os.execvp(enter[0], [*enter, sys.executable, "-B", *sys.argv])
    os.environ[INSIDE] = "shared"


def process_cpu(pid):
    """Seconds of user and system time that a process has used so far."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def per_record(seconds, records):
    """Nanoseconds for each; None where so little is left of a subtraction that it is noise."""
    return round(seconds / records * 1e9, 2) if seconds > 0 and records > 0 else None


def memory(pid, field="VmHWM"):
    """MB (10^6 bytes) from /proc/PID/status; 0 for a process that has just ended."""
    with contextlib.suppress(OSError, ValueError):
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(field + ":"):
                return int(line.split()[1]) * 1024 / 1e6
    return 0.0


def processor_times():
    values = list(map(int, pathlib.Path("/proc/stat").read_text().splitlines()[0].split()[1:9]))
    return values[3] + values[4], sum(values)


def idle_percent(seconds=0.4):
    idle, total = processor_times()
    time.sleep(seconds)
    later_idle, later_total = processor_times()
    return 100.0 * (later_idle - idle) / max(1, later_total - total)


def first_line(path, prefix, otherwise="unknown"):
    with contextlib.suppress(OSError):
        for line in pathlib.Path(path).read_text().splitlines():
            if line.startswith(prefix):
                return line.split(":" if ":" in line else "=", 1)[1].strip().strip('"')
    return otherwise


def description():
    memory_kb = int(first_line("/proc/meminfo", "MemTotal").split()[0])
    return {"processors": os.cpu_count(), "model": first_line("/proc/cpuinfo", "model name"), "memory_gb": round(memory_kb * 1024 / 1e9, 1),
            "kernel": platform.release(), "system": first_line("/etc/os-release", "PRETTY_NAME"),
            "congestion_control": congestion_of_new_connections()}


class Finished:
    """How a process ended and what it cost: cpu in seconds, memory (peak) in MB, and what it printed."""

    def __init__(self, code, out, errors, cpu, peak, seconds):
        self.code, self.out, self.errors = code, out, errors
        self.cpu, self.peak, self.seconds = cpu, peak, seconds


def run_measured(command, folder, seconds=110, environment=None):
    """Runs a program to its end. Its peak memory is looked up while it runs: what wait4() tells counts this process too."""
    out_path, errors_path = pathlib.Path(folder) / "out", pathlib.Path(folder) / "errors"
    with open(out_path, "wb") as out, open(errors_path, "wb") as errors:
        begin = time.monotonic()
        process = subprocess.Popen([str(word) for word in command], stdout=out, stderr=errors, stdin=subprocess.DEVNULL,
                                   env={**os.environ, **(environment or {})})
        peak, pid = 0.0, 0
        try:
            while pid == 0:
                peak = max(peak, memory(process.pid))
                if time.monotonic() - begin > seconds:
                    raise TimeoutError(f"{pathlib.Path(str(command[0])).name} still runs after {seconds} s: {errors_path.read_text(errors='replace')[-500:]}")
                time.sleep(0.02)
                pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        finally:
            if pid == 0:
                process.kill()
                process.wait()
            else:
                process.returncode = os.waitstatus_to_exitcode(status)
    return Finished(process.returncode, out_path.read_text(errors="replace"), errors_path.read_text(errors="replace"),
                    usage.ru_utime + usage.ru_stime, peak, time.monotonic() - begin)
