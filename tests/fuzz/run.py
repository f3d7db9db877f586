#!/usr/bin/env python3
"""Runs the fuzz targets of a build.

usage: run.py --build DIR [TARGET] [--seconds N] [--jobs N]     look for new inputs, N seconds for each target (more for some)
       run.py --build DIR --total N                             the same within about N seconds for all of them together
       run.py --minimise --build DIR [TARGET]                   keep of all that was found what a small corpus needs
       run.py --replay TARGET --program P --seeds DIR [--golden DIR]      one pass over everything there is

The seconds count from the moment when all seeds have been replayed. A target that tried no input of its own in them fails.
Seeds are ours (fuzz_make_seeds), the committed corpus and what Kafka's classes wrote, from $KLAMM_GOLDEN_SEEDS; without those
a line says so, and where $CI is set it is a failure.

An input that a target does not survive is kept in DIR/fuzz/findings/TARGET; the last lines say how to repeat it. Inputs
that reached new code are kept in DIR/fuzz/corpus/TARGET and are where the next run begins.
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading

HERE = pathlib.Path(__file__).resolve().parent
LARGEST = 16384     # bytes of an input
MEMORY_MB = 1536    # of the whole process, sanitizer included
ALLOCATION_MB = 256 # at once: far above what 16 KiB may ask for
INPUT_SECONDS = 20  # one input takes longer: a finding
REPLAY_SECONDS = 300  # seeds take longer: given up
MOST_KEPT = 40      # inputs of a committed corpus: the smallest, which the merge takes first
WEIGHT = {"segment": 2, "request": 2, "response": 2}  # seconds for those with most code behind them
FROM_KAFKA = {"request", "response", "stored", "batch"}


def folders(target, seeds, golden):
    """Where inputs may lie, best first."""
    found = [HERE / "corpus" / target]
    found += [pathlib.Path(folder) / target for folder in (seeds, golden) if folder]
    return [str(folder) for folder in found if folder.is_dir() and any(folder.iterdir())]


def golden_folder(target, folder):
    """Kafka's own bytes for this target; None for one that has none, or where there are none outside CI."""
    if target not in FROM_KAFKA:
        return None
    if folder and pathlib.Path(folder, target).is_dir():
        return folder
    missing = f"fuzz {target}: there are no seeds of Kafka's classes in {folder or '$KLAMM_GOLDEN_SEEDS'}: ./dev test makes them"
    if os.environ.get("CI"):
        sys.exit(missing)
    print(missing, flush=True)
    return None


def replay(target, program, seeds, golden):
    golden = golden_folder(target, golden)
    inputs = folders(target, seeds, golden)
    if not inputs:
        sys.exit(f"fuzz {target}: there is nothing to replay")
    run = subprocess.run([program, "-runs=0", f"-max_len={1 << 20}", f"-rss_limit_mb={MEMORY_MB}", *inputs])
    if run.returncode != 0:
        sys.exit(f"fuzz {target}: exit code {run.returncode}; repeat: {program} FILE (named above)")
    print(f"fuzz {target}: {', '.join(inputs)} replayed")


def drive(command, log, seconds):
    """Runs libFuzzer until `seconds` have passed since it had replayed its seeds; returns its exit code."""
    with open(log, "w", encoding="utf-8", errors="replace") as out, \
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace") as run:
        stop = threading.Timer(REPLAY_SECONDS, run.kill)
        stop.start()
        for line in run.stdout:
            out.write(line)
            if re.match(r"#\d+\s+INITED", line):
                stop.cancel()
                stop = threading.Timer(seconds, run.send_signal, [signal.SIGUSR1])  # ends it with its statistics
                stop.start()
        stop.cancel()
        return run.wait()


def fuzz(build, target, seconds, golden):
    """One line for people, and whether all was well."""
    program = build / "bin" / f"fuzz_{target}"
    corpus, findings = build / "fuzz" / "corpus" / target, build / "fuzz" / "findings" / target
    corpus.mkdir(parents=True, exist_ok=True)
    findings.mkdir(parents=True, exist_ok=True)
    seeds = folders(target, build / "tests" / "fuzz" / "seeds", golden)
    options = [f"-max_len={LARGEST}", f"-rss_limit_mb={MEMORY_MB}", f"-malloc_limit_mb={ALLOCATION_MB}", f"-timeout={INPUT_SECONDS}",
               f"-artifact_prefix={findings}/", "-print_final_stats=1", "-reload=0"]
    log = findings / "log.txt"
    seconds *= WEIGHT.get(target, 1)
    code = drive([str(program), *options, str(corpus), *seeds], log, seconds)
    text = log.read_text(errors="replace")
    replayed = int((re.findall(r"#(\d+)\s+INITED", text) or [0])[0])
    tried = int((re.findall(r"stat::number_of_executed_units:\s*(\d+)", text) or [0])[0]) - replayed
    kept = (re.findall(r"stat::new_units_added:\s*(\d+)", text) or ["?"])[0]
    cover = (re.findall(r"cov: (\d+)", text) or ["?"])[-1]
    line = f"fuzz {target}: {replayed} seeds replayed, {max(tried, 0)} new inputs tried in {seconds} s, {kept} kept, {cover} edges"
    if code == 0 and tried > 0:
        return True, line
    tail = "\n".join(text.splitlines()[-40:])
    written = re.search(r"Test unit written to (\S+)", text)
    again = f"{program} {written[1]}" if written else f"see {log}"
    return False, f"{tail}\n{line}\nfuzz {target}: FAILED (exit code {code}); repeat: {again}"


def minimise(build, target):
    """Merges what was found into the committed corpus, by edges reached, small inputs first."""
    kept = HERE / "corpus" / target
    with tempfile.TemporaryDirectory(dir=build) as scratch:
        inputs = [str(build / "fuzz" / "corpus" / target), *folders(target, None, None)]
        seeds = folders(target, build / "tests" / "fuzz" / "seeds", None)[-1:]
        program = str(build / "bin" / f"fuzz_{target}")
        base = pathlib.Path(scratch) / "base"
        base.mkdir()
        subprocess.run([program, "-merge=1", f"-max_len={1 << 20}", str(base), *seeds], check=True, stderr=subprocess.DEVNULL)
        before = {path.name for path in base.iterdir()}
        subprocess.run([program, "-merge=1", "-max_len=512", str(base), *inputs], check=True, stderr=subprocess.DEVNULL)
        new = sorted((path for path in base.iterdir() if path.name not in before), key=lambda path: path.stat().st_size)[:MOST_KEPT]
        kept.mkdir(parents=True, exist_ok=True)
        for path in kept.iterdir():
            if not path.name.startswith("finding-"):
                path.unlink()
        for path in new:
            (kept / path.name[:12]).write_bytes(path.read_bytes())
    print(f"fuzz {target}: {len(new)} inputs kept beyond the seeds")


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("target", nargs="?")
    parser.add_argument("--build", type=pathlib.Path)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--total", type=int, help="seconds for all targets together, instead of --seconds")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--minimise", action="store_true")
    parser.add_argument("--replay")
    parser.add_argument("--program")
    parser.add_argument("--seeds")
    parser.add_argument("--golden")
    given = parser.parse_args()
    if given.replay:
        return replay(given.replay, given.program, given.seeds, os.environ.get("KLAMM_GOLDEN_SEEDS") or given.golden)
    build = given.build.resolve()
    targets = sorted(path.name.removesuffix("_fuzz.cc") for path in HERE.glob("*_fuzz.cc"))
    if given.target:
        if given.target not in targets:
            sys.exit(f"fuzz: there is no target '{given.target}'; there are {', '.join(targets)}")
        targets = [given.target]
    if given.minimise:
        for target in targets:
            minimise(build, target)
        return None
    if given.total:
        given.seconds = max(1, round(given.total * given.jobs / sum(WEIGHT.get(target, 1) for target in targets)))
    golden = {target: golden_folder(target, os.environ.get("KLAMM_GOLDEN_SEEDS")) for target in targets}
    failed = 0
    targets.sort(key=lambda target: -WEIGHT.get(target, 1))
    with concurrent.futures.ThreadPoolExecutor(given.jobs) as pool:
        for future in concurrent.futures.as_completed([pool.submit(fuzz, build, target, given.seconds, golden[target]) for target in targets]):
            well, line = future.result()
            failed += not well
            print(line, flush=True)
    total = sum(given.seconds * WEIGHT.get(target, 1) for target in targets)
    print(f"fuzz: {len(targets)} targets, {total} s of new inputs in all, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
