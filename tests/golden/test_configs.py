#!/usr/bin/env python3
"""Klamm's configuration keys against Apache Kafka's ConfigDef: names, types, defaults, what values are taken, importance
of a client's key, how a broker's may change, which of them a topic's falls back on. What differs on purpose stands in
config_differences.txt with its reason, word for word: anything else fails, and so does a line that is no longer true.
"""
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


if __name__ == "__main__":
    golden.main()
