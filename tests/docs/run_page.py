#!/usr/bin/env python3
"""Runs the blocks of one page in order, as a reader would:  run_page.py PAGE --programs FOLDER

One klamm-broker serves the whole page; where a block has the word "broker" that block starts it. The blocks run in a
folder of their own. In commands 9092 stands for the broker's port, 19443 for another free one, /tmp/ and build/release/bin
for folders of this run.
"""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

import pages

sys.path.insert(0, str(pages.ROOT / "tests" / "interop"))
import harness  # noqa: E402

SECONDS = 60


class Failure(Exception):
    pass


class Background:
    """A program that runs on while the rest of the page runs."""

    def __init__(self, block, command, **options):
        self.block = block
        self.file = tempfile.TemporaryFile("w+b")
        self.process = subprocess.Popen(command, stdout=self.file, start_new_session=True, **options)

    def printed(self):
        return os.pread(self.file.fileno(), 1 << 20, 0).decode(errors="replace")

    def await_output(self, expected):
        """Until it printed what the page says, or a first line where the page says nothing."""
        deadline = time.monotonic() + SECONDS
        while not (pages.matches(expected, self.printed()) if expected is not None else "\n" in self.printed()):
            if self.process.poll() is not None:
                raise Failure(f"ended with {self.process.returncode} and printed {self.printed()!r}")
            if time.monotonic() > deadline:
                raise Failure(f"printed within {SECONDS} s only {self.printed()!r}")
            time.sleep(0.02)

    def stop(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, 15)
        code = self.process.wait(20)
        self.file.close()
        if code not in (0, -15, 143):
            raise Failure(f"{self.block.place}: ended with {code}")


class Page:
    def __init__(self, page, programs):
        self.name = pages.name_of(page)
        self.blocks = pages.blocks_of(page)
        self.programs = pathlib.Path(programs)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="klamm-docs-"))
        self.started = []
        # Below those that the system gives to outgoing connections: the page's own clients must not take them first.
        self.ports = dict(zip(("9092", "19443"), harness.kafka.free_ports(2)))

    def run(self):
        """The number of blocks that ran."""
        own = any("broker" in block.words for block in self.blocks)
        broker = None if own or not self.blocks else harness.KlammBroker().start()
        if broker:
            self.ports["9092"] = broker.port
        (self.folder / "build" / "release").mkdir(parents=True)
        (self.folder / "build" / "release" / "bin").symlink_to(harness.BIN)
        try:
            return sum(self.one(block) for block in self.blocks)
        finally:
            for background in reversed(self.started):
                background.stop()
            if broker:
                broker.close()
            shutil.rmtree(self.folder)

    def one(self, block):
        if block.excuse:
            print(f"{block.place}: {block.language} block: {block.excuse}")
            return 0
        begun = time.monotonic()
        try:
            getattr(self, "run_" + block.kind)(block)
        except (Failure, subprocess.TimeoutExpired) as error:
            raise Failure(f"{block.place}: the {block.language} block {error}") from None
        print(f"{block.place}: {block.kind} ran in {time.monotonic() - begun:.2f} s", flush=True)
        return 1

    def run_program(self, block):
        self.command(block, [self.programs / f"docs_{self.name}_{block.number}"])

    run_test = run_c = run_program

    def run_python(self, block):
        self.expect([sys.executable, "-c", self.here(block.code)], block.output)

    def run_fragment(self, block):
        self.command(block, [self.programs / f"docs_{self.name}", str(block.number)])

    def run_sh(self, block):
        self.command(block, ["bash", "-euo", "pipefail", "-c", self.here(block.code)])

    def run_console(self, block):
        for part in re.split(r"^\$ ", block.code, flags=re.M)[1:]:
            lines = part.replace("\\\n", "\\\x00").split("\n", 1)
            self.expect(["bash", "-euo", "pipefail", "-c", self.here(lines[0].replace("\\\x00", "\\\n"))], lines[1].replace("\\\x00", "\\\n"))

    def run_properties(self, block):
        (self.folder / block.words[0]).write_text(self.here(block.code))

    def command(self, block, command):
        if {"background", "broker"} & set(block.words):
            self.started.append(Background(block, command, **self.place()))
            self.started[-1].await_output(None if block.output is None else self.here(block.output))
        else:
            self.expect(command, block.output)

    def expect(self, command, output):
        done = subprocess.run(command, capture_output=True, timeout=SECONDS, **self.place())
        printed, errors = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
        if done.returncode != 0:
            raise Failure(f"exited with {done.returncode}\n{printed}{errors}")
        if output is not None and not pages.matches(self.here(output), printed):
            raise Failure(f"printed\n{printed}instead of\n{self.here(output)}{errors}")

    def place(self):
        environment = dict(os.environ, PATH=f"{harness.BIN}:{os.environ['PATH']}", DOCS_SERVERS=f"localhost:{self.ports['9092']}", HOME=str(self.folder))
        return {"cwd": self.folder, "env": environment, "stdin": subprocess.DEVNULL}

    def here(self, text):
        return re.sub(r"\b(9092|19443)\b", lambda match: str(self.ports[match[0]]), text).replace("/tmp/", f"{self.folder}/")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("page")
    parser.add_argument("--programs", default=harness.BIN.parent / "docs")
    arguments = parser.parse_args()
    try:
        ran = Page(arguments.page, arguments.programs).run()
    except (Failure, pages.PageError) as error:
        sys.exit(str(error))
    print(f"{arguments.page}: {ran} blocks ran")


if __name__ == "__main__":
    main()
