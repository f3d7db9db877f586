"""Samples of all runs in one JSON file, one line each: a case measured anew replaces its lines, --append adds to them."""
import json
import os
import pathlib
import re
import statistics
import time


class Results:
    """Threading: one thread."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        stored = json.loads(self.path.read_text()) if self.path.exists() else {}
        self.runs, self.samples = stored.get("runs", []), stored.get("samples", [])

    def begin(self, run):
        """Samples point to the run, which tells machine, versions and commit; an equal run is not told twice."""
        if run not in self.runs:
            self.runs.append(run)
        self.run, self.taken = self.runs.index(run), time.strftime("%Y-%m-%dT%H:%M:%S")

    def forget(self, case, client, broker):
        self.samples = [one for one in self.samples if (one["case"], one["client"], one["broker"]) != (case, client, broker)]
        self.save()

    def add(self, case, client, broker, sample):
        self.samples.append({"case": case, "client": client, "broker": broker, "run": self.run, "taken": self.taken, **sample})
        self.save()

    def save(self):
        """Replaces the file as a whole: who is interrupted meanwhile keeps the old one."""
        used = sorted({one["run"] for one in self.samples} | {self.run})
        lines = ",\n".join(json.dumps({**one, "run": used.index(one["run"])}) for one in self.samples)
        runs = ",\n".join(json.dumps(self.runs[number]) for number in used)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        new = self.path.with_suffix(".new")
        new.write_text(f'{{"runs": [\n{runs}\n], "samples": [\n{lines}\n]}}\n')
        os.replace(new, self.path)

    def of(self, case, client, broker):
        return [one for one in self.samples if (one["case"], one["client"], one["broker"]) == (case, client, broker)]

    def figures(self, case, client, broker, field):
        return [one[field] for one in self.of(case, client, broker) if one.get(field) is not None]

    def taken_at(self, case, client, broker):
        """When the invocations began that have samples of it."""
        return {one.get("taken") for one in self.of(case, client, broker)}

    def pairs(self, case, one, other, broker, field):
        """The figures of two clients in each round that both were in."""
        def by_round(client):
            return {(sample["taken"], sample["round"]): sample[field] for sample in self.of(case, client, broker)
                    if sample.get(field) is not None and "round" in sample}
        first, second = by_round(one), by_round(other)
        return [(first[key], second[key]) for key in first if key in second]

    def median(self, case, client, broker, field):
        figures = self.figures(case, client, broker, field)
        return statistics.median(figures) if figures else None

    def known_rate(self, case, client, broker):
        return self.median(case, client, broker, "rate")

    def cases(self):
        """In an order for readers: numbers by their value."""
        return sorted({one["case"] for one in self.samples}, key=lambda case: [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", case)])
