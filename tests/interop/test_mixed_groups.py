"""The short form of ./dev groups: a few rounds on each broker. KLAMM_SEED chooses other rounds."""
import os
import sys
import unittest

import harness
import mixed_groups

ROUNDS = 9  # each thing happens once


class MixedGroupsTest(unittest.TestCase):
    def rounds(self, kind):
        harness.need("java")
        seed = int(os.environ.get("KLAMM_SEED", "1"))
        with mixed_groups.broker_of(kind) as broker:
            try:
                print(mixed_groups.run_rounds(broker, ROUNDS, seed), file=sys.stderr)
            except AssertionError as fault:
                self.fail(f"{fault}\nrepeat it: ./dev groups --broker {kind} --rounds {ROUNDS} --seed {seed}")

    def test_on_klamm_broker(self):
        self.rounds("klamm")

    def test_on_apache_kafka(self):
        self.rounds("kafka")


if __name__ == "__main__":
    harness.main()
