#!/usr/bin/env python3
"""Klamm's record batches against those of Apache Kafka's builder and log cleaner, both ways, with every codec.

KLAMM_GOLDEN_SEEDS   folder that is left behind with Kafka's batches as files, for the fuzz targets
"""
import os
import pathlib
import sys
import tempfile

import golden

SEEDS = 8


class Batches(golden.KafkaAgrees):
    def test_batches_of_kafkas_builder_are_read_and_built_the_same_and_kafka_reads_ours(self):
        seed = golden.seed()
        print(f"KLAMM_SEED={seed} repeats this run", file=sys.stderr)
        with tempfile.TemporaryDirectory() as folder:
            ours = pathlib.Path(folder) / "ours.txt"
            printed = self.pipe(self.java("write-batches", SEEDS, seed),
                                self.ours("golden_batches", SEEDS, ours, os.environ.get("KLAMM_GOLDEN_SEEDS", "")))
            self.assertRegex(printed, r"^\d+ batches of 53 names, \d+ of ours, 0 differences\n$")
            print(printed.strip())
            with open(ours, encoding="utf-8") as lines:
                printed = self.pipe(self.java("read-batches"), stdin=lines)
            self.assertRegex(printed, r"^\d+ batches read by Kafka, 0 differences\n$")
            print(printed.strip())


if __name__ == "__main__":
    golden.main()
