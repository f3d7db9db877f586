#!/usr/bin/env python3
"""Klamm's messages against those of Apache Kafka's own classes, for every API, header and stored record in every version.

KLAMM_GOLDEN_SEEDS   folder that is left behind with the pairs as files, for the fuzz targets
"""
import os
import sys

import golden


def changed(lines, number, column, change):
    """The lines with one column of one of them changed."""
    columns = lines[number].split("\t")
    columns[column] = change(columns[column])
    return lines[:number] + ["\t".join(columns)] + lines[number + 1:]


class Messages(golden.KafkaAgrees):
    def test_every_message_of_kafkas_classes_decodes_encodes_and_prints_the_same(self):
        seed, samples = golden.seed(), golden.samples()
        print(f"KLAMM_SEED={seed} repeats this run", file=sys.stderr)
        printed = self.pipe(self.java("write-messages", self.libs, samples, seed),
                            self.ours("golden_messages", "check", samples, os.environ.get("KLAMM_GOLDEN_SEEDS", "")))
        self.assertRegex(printed, r"^\d+ pairs, 268 messages, 0 differences\n$")
        print(printed.strip())

    def test_kafkas_classes_read_every_message_of_ours_and_keep_tagged_fields_that_they_do_not_know(self):
        seed, samples = golden.seed(), golden.samples()
        print(f"KLAMM_SEED={seed} repeats this run", file=sys.stderr)
        printed = self.pipe(self.ours("golden_messages", "write", samples, seed), self.java("read-messages", self.libs))
        self.assertRegex(printed, r"^\d+ pairs read by Kafka, 0 differences\n$")
        print(printed.strip())

    def test_the_checker_sees_what_is_wrong(self):
        lines = self.pipe(self.java("write-messages", self.libs, 2, 1, "HeartbeatRequestData")).splitlines()
        pairs = [number for number, line in enumerate(lines) if line.startswith("pair\t")]
        self.assertEqual(len(pairs), len([line for line in lines if "HeartbeatRequestData" in line]))
        front, body, printed, whole = 6, 7, 8, 9
        last = pairs[-1]
        flip = lambda text: text[:-1] + ("0" if text[-1] != "0" else "1")
        check = self.ours("golden_messages", "check", 1)
        for fault, said in (
                (changed(lines, last, body, flip), "HeartbeatRequestData v4 seed"),
                (changed(lines, last, body, lambda text: text + "00"), "leaves 1 bytes"),
                (changed(lines, last, body, lambda text: text[:-2]), "does not decode"),
                (changed(lines, last, printed, lambda text: text.replace('"memberId":"', '"memberId":"!')), "prints"),
                (changed(lines, last, whole, lambda text: lines[pairs[0]].split("\t")[printed]), "from its JSON"),
                (changed(lines, last, front, lambda text: "0013" + text[4:]), "has a frame that"),
                (changed(lines, last, front, lambda text: text + "00"), "has a header that leaves bytes")):
            self.assertIn(said, self.planted(fault, *check))
        # Of all other messages nothing was written.
        self.assertIn("ProduceRequestData v3: the pair of seed 0 is missing", self.planted(lines, *check))
        self.assertIn("the last line is missing", self.planted([line for line in lines if "Heartbeat" in line], *check))


if __name__ == "__main__":
    golden.main()
