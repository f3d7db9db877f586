"""The micro-benchmarks: one run of their program is a round of all of them."""
import json

import machine
from throughput import Wrong

PROGRAM = "bench-micro"


class Micro:
    """Threading: one thread."""

    def __init__(self, context, _case):
        self.context = context

    def round(self, _client, _broker):
        program = self.context.filler.bin / PROGRAM
        finished = machine.run_measured([program, "--benchmark_format=json", f"--benchmark_min_time={min(0.5, self.context.seconds / 10)}"], self.context.folder)
        if finished.code != 0 or "error_occurred" in finished.out:
            raise Wrong(f"{PROGRAM} ended with {finished.code}: {finished.errors[-500:]}{finished.out[-500:]}")
        parts = {}
        for one in json.loads(finished.out)["benchmarks"]:
            name = one["name"] if not one.get("label") else one["name"].rsplit("/", 1)[0] + "/" + one["label"]
            parts[name] = {"ns": round(one["cpu_time"], 3), "allocations": round(one["allocations"], 4)}
            if "bytes_per_second" in one:
                parts[name]["gb_s"] = round(one["bytes_per_second"] / 1e9, 3)
        return {"micro": parts, "verified": True}
