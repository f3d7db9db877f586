#!/usr/bin/env python3
"""Klamm's configuration keys against Apache Kafka's ConfigDef: names, types, defaults, what values are taken, importance
of a client's key, how a broker's may change, which of them a topic's falls back on. What differs on purpose stands in
config_differences.txt with its reason, word for word: anything else fails, and so does a line that is no longer true.
"""
import subprocess

import golden

DIFFERENCES = golden.HERE / "config_differences.txt"


def accepted():
    """Differences with their reason: a paragraph is a reason (lines that begin with #) and the differences it explains."""
    lines = {}
    reason = ""
    for line in DIFFERENCES.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            reason = line
        elif not line.strip():
            reason = ""
        else:
            lines[line] = reason
    return lines


class Configs(golden.KafkaAgrees):
    def test_every_key_is_kafkas_or_differs_for_a_reason(self):
        printed = self.pipe(self.java("write-configs"), self.ours("golden_configs")).splitlines()
        found, summary = set(printed[:-1]), printed[-1]
        self.assertRegex(summary, r"^\d{3} keys, \d{4} values, \d+ differences$")
        known = accepted()
        self.assertEqual([line for line, reason in known.items() if not reason], [], "without a reason")
        self.assertEqual(sorted(found - known.keys()), [], "not in config_differences.txt")
        self.assertEqual(sorted(known.keys() - found), [], "in config_differences.txt, but not so any more")
        print(f"{summary}, each with its reason")

    def test_a_difference_without_a_reason_and_a_missing_key_are_seen(self):
        lines = self.pipe(self.java("write-configs")).splitlines()
        acks = next(i for i, line in enumerate(lines) if line.startswith("key\tproducer\tacks\t"))
        for old, new, said in (("=all", "=1", "producer acks: default: Kafka =1, Klamm =all"),
                               ("STRING", "INT", "producer acks: type: Kafka INT, Klamm STRING"),
                               ("LOW", "HIGH", "producer acks: importance: Kafka HIGH, Klamm LOW"),
                               ("\tacks\t", "\tasks\t", "producer acks: Kafka has no such key")):
            fault = lines[:acks] + [lines[acks].replace(old, new)] + lines[acks + 1:]
            self.assertIn(said, subprocess.run(self.ours("golden_configs"), input="\n".join(fault), capture_output=True, text=True, check=True).stdout)


if __name__ == "__main__":
    golden.main()
