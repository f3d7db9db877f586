#!/usr/bin/env python3
"""The arithmetic of the benchmark: payloads, checksums, samples, verdicts, tables; and what it does where something fails."""
import argparse
import io
import json
import pathlib
import signal
import sys
import tempfile
import unittest
from unittest import mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import bench  # noqa: E402
import brokers  # noqa: E402
import cases  # noqa: E402
import clients  # noqa: E402
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

    def test_results_are_whole_though_writing_them_fails(self):
        self.samples(goals.PLAIN, "klamm", [1])
        with mock.patch.object(pathlib.Path, "write_text", side_effect=OSError("disk full")), self.assertRaises(OSError):
            self.samples(goals.PLAIN, "klamm", [2])
        self.assertEqual(Results(self.folder / "results.json").figures(goals.PLAIN, "klamm", goals.HERE, "client_cpu_ns"), [1])

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


class FakeBroker:
    """Nobody listens where it says."""

    def __init__(self, name):
        self.name, self.released, self.stopped, self.bootstrap, self.folder = name, False, False, "127.0.0.1:1", pathlib.Path("/nowhere")

    def stop(self):
        self.stopped = True


class FakeRunner:
    """Fails with what it is given, or delivers."""

    def __init__(self, errors):
        self.errors = errors

    def round(self, _client, broker):
        if error := self.errors.get(broker):
            raise error
        return {"verified": True}


class Failures(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        silent = mock.patch.object(sys, "stderr", io.StringIO())
        silent.start()
        self.addCleanup(silent.stop)

    def run_case(self, errors, rounds=2):
        """Which cells failed, with one client and both brokers, and the context afterwards."""
        context = mock.Mock(results=Results(self.folder / "results.json"))
        context.results.begin(RUN)
        options = argparse.Namespace(rounds=rounds, broker=None, absent={}, busy_ok=True, append=False)
        case = cases.Case("broker/fake", "startup", clients=["none"])
        with mock.patch.object(bench, "runner_of", lambda *_: FakeRunner(errors)), mock.patch.object(bench.machine, "idle_percent", lambda: 99.0):
            wrong = bench.run_case(context, case, options, [clients.NoClient()], bench.Progress(4))
        return wrong, context

    def test_a_cell_that_fails_in_any_way_costs_that_cell_and_its_broker(self):
        for error in (bench.Wrong("bad"), wire.Broken("gone"), KeyError("x"), brokers.subprocess.TimeoutExpired("klamm", 60)):
            wrong, context = self.run_case({goals.THERE: error})
            self.assertEqual(len(wrong), 1, wrong)
            self.assertIn(goals.THERE, wrong[0])
            context.brokers.release.assert_called_once_with(goals.THERE)
            self.assertEqual(len(context.results.of("broker/fake", "none", goals.HERE)), 2)

    def missing(self, absent, environment):
        """What the short form misses of the micro-benchmarks and the pictures when it has neither."""
        results = Results(self.folder / "results.json")
        results.begin({**RUN, "absent": absent})
        (self.folder / "README.md").write_text("")
        with mock.patch.dict(bench.os.environ, environment):
            return list(bench.what_is_missing(results, list(cases.micro_cases()), self.folder))

    def test_what_is_absent_may_be_missing_but_not_in_ci(self):
        absent = {"bench-micro": "not built", "matplotlib": "no plots"}
        self.assertEqual(self.missing(absent, {"CI": ""}), [])
        self.assertEqual(len(self.missing(absent, {"CI": "true"})), 3)
        self.assertEqual(len(self.missing({}, {"CI": ""})), 3)

    def test_a_case_without_its_program_has_no_cells(self):
        micro_case, = cases.micro_cases()
        options = argparse.Namespace(broker=None, absent={"bench-micro": "not built"})
        self.assertEqual(bench.cells_of(micro_case, options, [clients.NoClient()]), [])
        self.assertEqual(len(bench.cells_of(micro_case, argparse.Namespace(broker=None, absent={}), [clients.NoClient()])), 1)

    def test_why_something_is_absent_names_no_folder_of_this_machine(self):
        found = [clients.Klamm(self.folder), clients.Librdkafka(self.folder)]
        self.assertEqual([why for why in bench.absences(found, self.folder).values() if "/" in why], [])

    def test_a_signal_is_no_failed_cell(self):
        with self.assertRaises(SystemExit):
            self.run_case({goals.HERE: SystemExit(130)})

    def test_what_a_case_leaves_behind_does_not_end_the_run(self):
        context = mock.Mock()
        context.end_of_case.side_effect = ConnectionRefusedError("no broker")
        self.assertIn("no broker", bench.end_of_case(context, cases.Case("x", "consume"))[0])

    def test_leaving_a_topic_does_not_hide_the_error_under_way(self):
        broker = FakeBroker(goals.HERE)
        topic = brokers.Topic(broker, "t", 1)
        self.assertFalse(topic.__exit__(KeyError, KeyError("x"), None))
        with self.assertRaises(OSError):
            topic.__exit__(None, None, None)
        broker.released = True
        topic.__exit__(None, None, None)

    def test_all_brokers_are_stopped_even_if_one_cannot_be(self):
        both = brokers.Brokers("klamm-broker")
        both.running = {name: FakeBroker(name) for name in (goals.HERE, goals.THERE)}
        here, there = both.running.values()
        there.stop = mock.Mock(side_effect=OSError("stuck"))
        with self.assertRaises(OSError):
            both.close()
        self.assertTrue(here.stopped and here.released)
        self.assertFalse(both.folder.exists())

    def test_a_cluster_that_does_not_start_is_an_error_and_a_signal_is_not(self):
        with self.assertRaises(RuntimeError), brokers.exits_as_errors():
            sys.exit("kafka: node 1 did not start")
        with self.assertRaises(SystemExit), brokers.exits_as_errors():
            sys.exit(143)

    def test_signals_end_the_program_once_unless_they_are_ignored(self):
        for one in bench.ENDING:
            self.addCleanup(signal.signal, one, signal.getsignal(one))
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        bench.end_by_signals()
        self.assertEqual(signal.getsignal(signal.SIGHUP), signal.SIG_IGN)
        with self.assertRaises(SystemExit) as ended:
            signal.raise_signal(signal.SIGINT)
        self.assertEqual(ended.exception.code, 130)
        signal.raise_signal(signal.SIGTERM)


if __name__ == "__main__":
    unittest.main(verbosity=2)
