#!/usr/bin/env python3
"""./dev bench: ours and every peer that is found, interleaved in one run; writes tables, plots and raw figures."""
import argparse
import importlib.util
import math
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import traceback

import cases
import clients
import machine
import micro
import report
from brokers import ApacheKafka, Brokers
from latency import Latency
from results import Results
from startup import Startup
from throughput import Context, Throughput, Wrong

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCS, QUICK_OUT = ROOT / "docs" / "bench", ROOT / "build" / "bench-quick"
IDLE_WAIT = 30


def arguments():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", metavar="CASE", help="cases by name, beginning of a name or glob (default: all)")
    parser.add_argument("--list", action="store_true", help="print the names of the cases that would run")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each case (default 5)")
    parser.add_argument("--seconds", type=float, default=5.0, help="about how long one client works in a round (default 5)")
    parser.add_argument("--client", action="append", help="this client only; may be repeated")
    parser.add_argument("--broker", action="append", help="this broker only; may be repeated")
    parser.add_argument("--append", action="store_true", help="add rounds to those in the results instead of replacing them")
    parser.add_argument("--quick", action="store_true", help="a few cases in seconds, figures without meaning: shows that every part of this works")
    parser.add_argument("--busy-ok", action="store_true", help="measure although other programs are at work")
    parser.add_argument("--report", action="store_true", help="measure nothing: write tables and plots from the results")
    parser.add_argument("--out", default=DOCS, type=pathlib.Path, help="folder of the results (default docs/bench)")
    parser.add_argument("--bin", default=ROOT / "build" / "release" / "bin", type=pathlib.Path, help="folder of our programs")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.seconds, options.busy_ok, options.cases = 1, 0.3, True, options.cases or cases.QUICK
        options.out = QUICK_OUT if options.out == DOCS else options.out
    return options


def commit():
    def git(*words):
        return subprocess.run(["git", "-C", ROOT, *words], capture_output=True, text=True, check=False).stdout.strip()
    return (git("rev-parse", "--short=10", "HEAD") or "unknown") + (" with changes" if git("status", "--porcelain", "--untracked-files=no") else "")


def require_idle(busy_ok):
    """The share of the processors that nobody uses; waits a little for it, and refuses to measure without it."""
    deadline = time.monotonic() + IDLE_WAIT
    while True:
        idle = machine.idle_percent()
        if idle >= machine.IDLE_WANTED or busy_ok:
            return round(idle, 1)
        if time.monotonic() > deadline:
            raise SystemExit(f"bench: this machine is busy ({idle:.0f} % idle, {machine.IDLE_WANTED:.0f} % are wanted): end what runs, or say --busy-ok")


class Progress:
    """Tells on the terminal what is measured and how long it will still take."""

    def __init__(self, steps):
        self.steps, self.done, self.begin = steps, 0, time.monotonic()

    def say(self, text):
        self.done += 1
        left = (time.monotonic() - self.begin) / self.done * (self.steps - self.done)
        print(f"bench: {self.done}/{self.steps}, {left / 60:.0f} min left: {text}", file=sys.stderr, flush=True)


def show(case, client, broker, sample):
    if "rate" in sample:
        return (f"{case} {client} on {broker}: {sample['rate'] / 1e6:.2f} M/s, client {sample['client_cpu_ns'] or math.nan:.0f} ns, "
                f"broker {sample['broker_cpu_ns']:.0f} ns, {sample['client_memory_mb']:.0f} MB")
    return f"{case} {client} on {broker}: " + ", ".join(f"{name} {figure:,.1f}" for name, figure in sample.items() if isinstance(figure, float))


def runner_of(context, case):
    return {"produce": Throughput, "consume": Throughput, "latency": Latency, "startup": Startup, "micro": micro.Micro}[case.kind](context, case)


def rounds_of(case, options):
    return max(options.rounds, case.rounds if options.rounds > 2 else 0)


def absences(found, bin_folder):
    """What is not there, and why."""
    absent = {client.name: client.absent for client in found if client.absent}
    if not_there := clients.Java().absent:
        absent[ApacheKafka.name] = not_there
    if not (bin_folder / micro.PROGRAM).exists():
        absent[micro.PROGRAM] = "not built: it needs Google Benchmark"
    if importlib.util.find_spec("matplotlib") is None:
        absent["matplotlib"] = "no plots"
    return absent


def needs(case, client, broker):
    """What a cell cannot be measured without."""
    return {client.split()[0], broker, *([micro.PROGRAM] if case.kind == "micro" else [])}


def cells_of(case, options, present):
    brokers = [broker for broker in case.brokers if not options.broker or broker in options.broker]
    return [(client, broker) for broker in brokers for client in present
            if client.name in case.clients and not needs(case, client.name, broker) & set(options.absent)]


def tell(error, text):
    print("bench: " + text, file=sys.stderr)
    if not isinstance(error, Wrong):
        traceback.print_exception(error)


def give_up(context, broker):
    """A broker with which something failed is not trusted with the next cells: they get a new one."""
    try:
        context.brokers.release(broker)
    except Exception as error:
        tell(error, f"{broker} could not be stopped: {error}")


def end_of_case(context, case):
    """Returns what went wrong."""
    try:
        context.end_of_case()
        return []
    except Exception as error:
        tell(error, f"{case.name}: what it left could not be removed: {error}")
        return [f"{case.name}: what it left could not be removed: {error}"]


def run_case(context, case, options, present, progress):
    """Rounds outside, clients and brokers inside: what changes on the machine meets all of them. Returns what went wrong."""
    runner, failed = runner_of(context, case), {}
    cells = cells_of(case, options, present)
    if not cells:
        return []
    for number in range(rounds_of(case, options)):
        for client, broker in cells[number % len(cells):] + cells[:number % len(cells)]:
            if (client, broker) in failed:
                continue
            idle = require_idle(options.busy_ok)
            if number == 0 and not options.append:
                context.results.forget(case.name, client.name, broker)
            try:
                sample = runner.round(client, broker)
            except Exception as error:  # one cell that fails, in whatever way, must not end a night's run
                failed[client, broker] = f"{case.name}: {client.name} on {broker}: {error}"
                tell(error, failed[client, broker])
                give_up(context, broker)
                continue
            context.results.add(case.name, client.name, broker, {**sample, "round": number, "idle": idle})
            progress.say(show(case.name, client.name, broker, sample))
    return list(failed.values())


def measure(options, selected, results):
    found = [client for client in clients.all_clients(options.bin) if not options.client or client.name in options.client]
    by_name = {client.name: client for client in found}
    options.absent = absences(found, options.bin)
    for name, why in options.absent.items():
        print(f"bench: {name}: absent ({why})", file=sys.stderr)
    variants = [clients.Variant(by_name[base], name, idempotent=idempotent) for name, (base, idempotent) in cases.VARIANTS.items() if base in by_name]
    present = [client for client in [*found, *variants, clients.NoClient()] if not client.absent]
    results.begin({**machine.description(), "commit": commit(), "date": time.strftime("%Y-%m-%d"),
                   "versions": {client.name: client.version() for client in found if not client.absent},
                   "absent": options.absent})
    brokers, wrong = Brokers(options.bin / "klamm-broker"), []
    context = Context(brokers, results, clients.Klamm(options.bin), options.seconds, options.quick)
    progress = Progress(sum(rounds_of(case, options) * len(cells_of(case, options, present)) for case in selected))
    try:
        for case in selected:
            wrong += run_case(context, case, options, present, progress) + end_of_case(context, case)
    finally:
        try:
            brokers.close()
        finally:
            context.stack.close()
    return wrong


def what_is_missing(results, selected, out):
    """In the short form everything must have come: a verified sample of each client and broker, the page, the pictures; but for what is
    absent, where it may be."""
    excused = set() if os.environ.get("CI") else set(results.runs[results.run]["absent"])
    for case in selected:
        for broker in case.brokers:
            for client in case.clients:
                if not needs(case, client, broker) & excused and not any(one["verified"] for one in results.of(case.name, client, broker)):
                    yield f"{case.name}: nothing from {client} on {broker}"
    page = (out / "README.md").read_text()
    for case in selected:
        wanted = case.work.get("shown", case.name)
        if wanted not in page and not (case.kind == "micro" and micro.PROGRAM in excused):
            yield f"{wanted} is not in {out}/README.md"
    pictures = list(out.glob("*.png"))
    if "matplotlib" not in excused and not pictures or not all(picture.read_bytes().startswith(b"\x89PNG") for picture in pictures):
        yield f"no pictures in {out}"


ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def terminated(number, _frame):
    """Ends what was started, undisturbed by a second signal: timeout(1) sends two."""
    for one in ENDING:
        signal.signal(one, signal.SIG_IGN)
    sys.exit(128 + number)


def end_by_signals():
    """All but those that whoever started this program has it ignore, as nohup(1) does."""
    for one in ENDING:
        if signal.getsignal(one) != signal.SIG_IGN:
            signal.signal(one, terminated)


def main():
    options = arguments()
    selected = cases.chosen(cases.all_cases(), options.cases)
    if options.list:
        print("\n".join(case.name for case in selected))
        return 0
    machine.enter_network()
    end_by_signals()
    if options.quick:
        shutil.rmtree(options.out, ignore_errors=True)
    results = Results(options.out / "results.json")
    try:
        wrong = [] if options.report else measure(options, selected, results)
    finally:
        report.write(results, options.out)
    if options.quick:
        wrong += what_is_missing(results, selected, options.out)
    for line in wrong:
        print(f"bench: FAILED: {line}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main())
