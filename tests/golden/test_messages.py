#!/usr/bin/env python3
"""Klamm's messages against those of Apache Kafka's own classes, for every API, header and stored record in every version.

KLAMM_GOLDEN_SEEDS   folder that is left behind with the pairs as files, for the fuzz targets
"""
import os
import sys

import golden

# Per message and version; Kafka's writer adds more until each field had each of its variants.
SAMPLES = 8


class Messages(golden.KafkaAgrees):
    def test_every_message_of_kafkas_classes_decodes_encodes_and_prints_the_same(self):
        seed = golden.seed()
        print(f"KLAMM_SEED={seed} repeats this run", file=sys.stderr)
        printed = self.pipe(self.java("write-messages", self.libs, SAMPLES, seed),
                            self.ours("golden_messages", "check", SAMPLES, os.environ.get("KLAMM_GOLDEN_SEEDS", "")))
        self.assertRegex(printed, r"^\d+ pairs, 268 messages, 0 differences\n$")
        print(printed.strip())

    def test_kafkas_classes_read_every_message_of_ours_and_keep_tagged_fields_that_they_do_not_know(self):
        seed = golden.seed()
        print(f"KLAMM_SEED={seed} repeats this run", file=sys.stderr)
        printed = self.pipe(self.ours("golden_messages", "write", SAMPLES, seed), self.java("read-messages", self.libs))
        self.assertRegex(printed, r"^\d+ pairs read by Kafka, 0 differences\n$")
        print(printed.strip())


if __name__ == "__main__":
    golden.main()
