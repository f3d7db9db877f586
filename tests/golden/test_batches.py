#!/usr/bin/env python3
"""Klamm's record batches against those of Apache Kafka's builder and log cleaner, both ways, with every codec.

KLAMM_GOLDEN_SEEDS   folder that is left behind with Kafka's batches as files, for the fuzz targets
"""
import os
import pathlib
import sys
import tempfile

import golden


class Batches(golden.KafkaAgrees):
    def test_batches_of_kafkas_builder_are_read_and_built_the_same_and_kafka_reads_ours(self):
        seed, samples = golden.seed(), golden.samples()
        print(f"KLAMM_SEED={seed} repeats this run", file=sys.stderr)
        with tempfile.TemporaryDirectory() as folder:
            ours = pathlib.Path(folder) / "ours.txt"
            printed = self.pipe(self.java("write-batches", samples, seed),
                                self.ours("golden_batches", samples, ours, os.environ.get("KLAMM_GOLDEN_SEEDS", "")))
            self.assertRegex(printed, r"^\d+ batches of 53 names, \d+ of ours, 0 differences\n$")
            print(printed.strip())
            with open(ours, encoding="utf-8") as lines:
                printed = self.pipe(self.java("read-batches"), stdin=lines)
            self.assertRegex(printed, r"^\d+ batches read by Kafka, 0 differences\n$")
            print(printed.strip())

    def test_the_checker_sees_what_is_wrong(self):
        lines = self.pipe(self.java("write-batches", 1, 1)).splitlines()
        number = next(i for i, line in enumerate(lines) if "none-CREATE_TIME-plain" in line)
        columns = lines[number].split("\t")
        check = self.ours("golden_batches", 1, os.devnull)

        def with_columns(timestamps=columns[3], data=columns[4], json=columns[5]):
            return lines[:number] + ["\t".join(columns[:3] + [timestamps, data, json])] + lines[number + 1:]

        for fault, said in (
                (with_columns(data=columns[4][:-2] + "7f"), "does not read"),
                (with_columns(data=columns[4][:-2]), "does not read"),
                (with_columns(json=columns[5].replace('"offset":0', '"offset":1')), "reads as"),
                (with_columns(timestamps="1"), "is built as"),
                (lines[:number] + lines[number + 1:], "none-CREATE_TIME-plain: the batch of seed 0 is missing"),
                (lines[:number] + [lines[number].replace("none-CREATE", "new-CREATE")] + lines[number + 1:], "is not one of ours"),
                (lines[1:], "Kafka has other codecs"),
                (lines[:-1], "the last line is missing")):
            self.assertIn(said, self.planted(fault, *check))
        ours = ["\t".join(columns[:5] + [columns[5].replace('"count":1', '"count":2')]), "end\t1"]
        self.assertIn("1 differences", self.planted(ours, *self.java("read-batches")))


if __name__ == "__main__":
    golden.main()
