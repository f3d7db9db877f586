#!/usr/bin/env python3
"""The arithmetic of the benchmark: payloads, checksums, samples, verdicts, tables."""
import json
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import cases  # noqa: E402
import goals  # noqa: E402
import payload  # noqa: E402
import report  # noqa: E402
import wire  # noqa: E402
from results import Results  # noqa: E402

RUN = {"date": "2026-11-21", "commit": "c0ffee", "processors": 2, "model": "x", "memory_gb": 8, "system": "s", "kernel": "k",
       "congestion_control": "cubic", "versions": {"klamm": "1"}, "absent": {"Java": "no java"}}


class Bench(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.results = Results(self.folder / "results.json")
        self.results.begin(RUN)

    def samples(self, case, client, figures, field="client_cpu_ns", broker=goals.HERE):
        for figure in figures:
            self.results.add(case, client, broker, {field: figure, "idle": 99.0, "verified": True})

    def test_every_line_of_a_payload_has_its_size_and_comes_again_from_its_seed(self):
        for size in cases.SIZES:
            payload.write(self.folder / "a", size, 300)
            payload.write(self.folder / "b", size, 300)
            lines = (self.folder / "a").read_bytes().split(b"\n")
            self.assertEqual({len(line) for line in lines}, {size})
            self.assertEqual(len(lines), 300)
            self.assertGreater(len(set(lines)), 280)
            self.assertEqual((self.folder / "a").read_bytes(), (self.folder / "b").read_bytes())
            self.assertTrue(all(json.loads(line) for line in lines))

    def test_the_checksum_is_castagnolis(self):
        self.assertEqual(wire.crc32c(b"123456789"), 0xE3069283)

    def test_a_case_measured_again_replaces_its_samples_only(self):
        self.samples(goals.PLAIN, "klamm", [1, 2, 3])
        self.samples(goals.PLAIN, "librdkafka", [9])
        self.results.forget(goals.PLAIN, "klamm", goals.HERE)
        self.samples(goals.PLAIN, "klamm", [5])
        stored = Results(self.folder / "results.json")
        self.assertEqual(stored.figures(goals.PLAIN, "klamm", goals.HERE, "client_cpu_ns"), [5])
        self.assertEqual(stored.figures(goals.PLAIN, "librdkafka", goals.HERE, "client_cpu_ns"), [9])

    def test_an_equal_run_is_told_once(self):
        self.samples(goals.PLAIN, "klamm", [1])
        again = Results(self.folder / "results.json")
        again.begin(dict(RUN))
        self.assertEqual(len(again.runs), 1)

    def test_a_goal_is_judged_by_the_ratio_of_medians(self):
        judge = goals.at_most(1 / 5, goals.PLAIN, "client_cpu_ns", "ns")
        self.assertIsNone(judge(self.results))
        self.samples(goals.PLAIN, "klamm", [60, 70, 900])
        self.samples(goals.PLAIN, "librdkafka", [300, 350, 360])
        self.assertEqual(judge(self.results), ("1/5.0: 70 beside 350 ns", True))
        self.assertFalse(goals.at_most(1 / 6, goals.PLAIN, "client_cpu_ns", "ns")(self.results)[1])

    def test_idempotence_is_judged_pair_by_pair(self):
        case = "idempotence/100B/pinned"
        self.samples(case, "klamm acks=1", [100, 200, 100])
        self.samples(case, "klamm idempotent", [104, 206, 120])
        figure, met = goals.within(5, case, "klamm acks=1", "klamm idempotent")(self.results)
        self.assertTrue(met, figure)
        self.assertTrue(figure.startswith("+4.0 % (3 pairs"), figure)

    def test_a_cell_in_which_a_peer_is_faster_is_named(self):
        self.samples(goals.READ, "klamm", [1e6], "rate")
        self.samples(goals.READ, "franz-go", [2e6], "rate")
        self.assertEqual(list(goals.slower_than_peers(self.results)), [(goals.READ, goals.HERE, 1e6, "franz-go", 2e6)])
        self.assertIn("**missed** in 1", report.goal_table(self.results))

    def test_the_page_shows_medians_spread_and_what_is_absent(self):
        self.samples(goals.PLAIN, "klamm", [60, 70, 90])
        page = report.text(self.results, [])
        self.assertIn("70.0 (60.0-90.0)", page)
        self.assertIn("**Java: absent**", page)
        self.assertIn("Both ends shared one machine", page)

    def test_cases_are_chosen_by_name_beginning_and_glob(self):
        everything = cases.all_cases()
        self.assertEqual([case.name for case in cases.chosen(everything, [goals.PLAIN])], [goals.PLAIN])
        self.assertEqual(len(cases.chosen(everything, ["latency"])), 4)
        self.assertEqual(len(cases.chosen(everything, ["produce/1000B/*/acks1/p1/pinned"])), 4)
        with self.assertRaises(SystemExit):
            cases.chosen(everything, ["no-such-case"])

    def test_every_goal_names_a_case_that_exists(self):
        names = {case.name for case in cases.all_cases()}
        self.assertEqual(set(goals.cases_used()) - names, set())
        self.assertEqual({case.name for case in cases.chosen(cases.all_cases(), ["goals"])}, set(goals.cases_used()))


if __name__ == "__main__":
    unittest.main(verbosity=2)
