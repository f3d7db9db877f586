#!/usr/bin/env python3
"""The arithmetic of the benchmark: payloads, checksums, samples, verdicts, tables; and what it does where something fails."""
import argparse
import io
import json
import pathlib
import random
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
import latency  # noqa: E402
import machine  # noqa: E402
import payload  # noqa: E402
import report  # noqa: E402
import throughput  # noqa: E402
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
        for number, figure in enumerate(figures):
            self.results.add(case, client, broker, {field: figure, "idle": 99.0, "round": number, "verified": True})

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

    def test_idempotence_is_judged_by_rounds_that_both_were_in(self):
        case = "idempotence/100B/pinned"
        self.results.taken = "yesterday"
        self.samples(case, "klamm acks=1", [500, 100])
        self.samples(case, "klamm idempotent", [None, 104])
        self.results.taken = "today"
        self.samples(case, "klamm idempotent", [900])
        figure, met = goals.within(5, case, "klamm acks=1", "klamm idempotent")(self.results)
        self.assertTrue(met, figure)
        self.assertTrue(figure.startswith("+4.0 % (1 pairs"), figure)

    def test_nothing_is_judged_by_a_figure_that_is_not_positive(self):
        case = "idempotence/100B/pinned"
        for client in ("klamm", "klamm acks=1", "klamm idempotent"):
            self.samples(case, client, [-3.0])
        self.samples(case, "librdkafka", [9.0])
        self.samples(case, "klamm", [0.0], broker=goals.THERE)
        for judge in (goals.at_most(1, case, "client_cpu_ns", "ns"), goals.within(5, case, "klamm acks=1", "klamm idempotent"),
                      goals.same_client(1, case, "client_cpu_ns")):
            self.assertIsNone(judge(self.results))
        self.assertIsNone(machine.per_record(-0.1, 1000))
        self.assertIsNone(machine.per_record(0.1, 0))
        self.assertEqual(machine.per_record(0.1, 1000), 100000.0)

    def test_the_page_tells_what_was_measured_apart_or_on_a_busy_machine(self):
        self.results.taken = "yesterday"
        self.samples(goals.PLAIN, "librdkafka", [9, 9])
        self.results.taken = "today"
        self.samples(goals.PLAIN, "klamm", [1])
        self.results.add(goals.PLAIN, "klamm", goals.HERE, {"client_cpu_ns": 1, "idle": 40.0, "round": 1})
        self.assertEqual(report.rounds(self.results, goals.PLAIN, "librdkafka", goals.HERE), "2, apart")
        self.assertEqual(report.rounds(self.results, goals.PLAIN, "klamm", goals.HERE), "2, 1 busy")
        self.assertIn("measured apart", goals.at_most(1 / 5, goals.PLAIN, "client_cpu_ns", "ns")(self.results)[0])
        self.assertIn("1 rounds with less than 90 %", report.machines(self.results))

    def test_a_cell_in_which_a_peer_is_faster_is_named(self):
        wanted = len(list(goals.to_compare(cases.all_cases())))
        self.assertIn(f"| 0 of {wanted} cells measured |  |", report.peer_goal([]))
        self.samples(goals.READ, "klamm", [1e6], "rate")
        self.samples(goals.READ, "franz-go", [2e6], "rate")
        self.samples(goals.PLAIN, "klamm", [1e6], "rate")
        self.assertEqual(list(goals.compared(self.results)), [(goals.READ, goals.HERE, 1e6, "franz-go", 2e6)])
        self.assertIn(f"1 of {wanted} cells measured | **missed** in 1", report.goal_table(self.results))

    def test_the_goal_of_every_cell_is_met_by_all_of_them_alone(self):
        cells = [(case, broker, 2e6, peer, 1e6) for case, broker, peer in goals.to_compare(cases.all_cases())]
        self.assertTrue(report.peer_goal(cells).endswith("| met |"))
        self.assertTrue(report.peer_goal(cells[1:]).endswith("|  |"))

    def test_values_that_chance_does_not_draw_are_strange(self):
        payload.write(self.folder / "a", 10, 20_000)
        lines = (self.folder / "a").read_bytes().split(b"\n")
        draw = random.Random(3).choices(lines, k=100_000)
        self.assertEqual(payload.strange(draw, lines), 0)
        self.assertEqual(payload.strange([*draw[1:], b"no line"], lines), 1)
        self.assertGreater(payload.strange(lines[:1] * 100_000, lines), 99_000)
        self.assertEqual(payload.strange([], lines), 0)

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
        """Which cells failed, with one client and both brokers, and the context afterwards. Both had samples before."""
        context = mock.Mock(results=Results(self.folder / "results.json"))
        context.results.begin(RUN)
        for broker in (goals.HERE, goals.THERE):
            context.results.add("broker/fake", "none", broker, {"idle": 99.0})
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
            self.assertEqual([one["round"] for one in context.results.of("broker/fake", "none", goals.HERE)], [0, 1])
            self.assertEqual(context.results.of("broker/fake", "none", goals.THERE), [])

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


class Rounds(unittest.TestCase):
    """What a round makes of what programs print, without any program."""

    def test_one_measured_process_is_read_back(self):
        checked = []
        for kind in ("produce", "consume"):
            context = mock.Mock(quick=False, seconds=1.0)
            context.results.known_rate.return_value = 20_000_000
            runner = throughput.Throughput(context, cases.Case("x", kind))
            runner.fill = lambda _broker: 7_000_000
            runner.once = lambda _client, _broker, records, check: checked.append(check) or {
                "cpu": records * 1e-7, "records": records, "seconds": records * 5e-8, "rate": 2e7, "broker_cpu": 0.1, "peak": 1.0}
            sample = runner.round(clients.Klamm("bin"), goals.HERE)
            processes = sample["processes"]
            self.assertEqual(checked[-processes:], [False] * (processes - 1) + [True])
            self.assertEqual(checked.count(True), 1)
            self.assertGreater(sample["client_cpu_ns"], 0)
            checked.clear()

    def test_a_round_whose_processor_time_is_noise_has_no_figure_of_it(self):
        runner = throughput.Throughput(mock.Mock(), cases.Case("x", "produce"))
        part = {"cpu": 0.5, "records": 10_000, "seconds": 0.1, "broker_cpu": 0.1, "peak": 1.0}
        sample = runner.sum_up([part], 0.7)
        self.assertIsNone(sample["client_cpu_ns"])
        self.assertEqual(sample["client_cpu_raw_ns"], 50_000.0)
        self.assertIn("nan", bench.show("x", "klamm", goals.HERE, sample))

    def test_the_schedule_is_measured_in_each_round_of_our_own_programs(self):
        runs = []

        def run(command, _folder):
            runs.append("pace" in command)
            return machine.Finished(0, '{"records": 1000, "p50_us": 1.0}', "", 0.02 if runs[-1] else 0.05, 1.0, 1.0)
        context = mock.Mock(seconds=1.0)
        context.filler.bin = pathlib.Path("bin")
        topic = mock.MagicMock()
        topic.__enter__.return_value.records.return_value = 2000
        with mock.patch.object(latency.machine, "run_measured", run), mock.patch.object(latency, "Topic", lambda *_: topic), \
                mock.patch.object(latency, "broker_cpu", lambda _broker: 0.0), mock.patch.object(latency, "program", lambda *_: ["program"]):
            runner = latency.Latency(context, cases.Case("x", "latency", mode="latency", rate=1000))
            ours, java = clients.Klamm("bin"), clients.Java()
            samples = [runner.round(client, goals.HERE) for client in (ours, ours, java)]
        self.assertEqual(runs, [True, False, True, False, False])
        self.assertEqual([one["client_cpu_ns"] for one in samples], [5000.0, 5000.0, 25000.0])
        self.assertEqual([one["client_cpu_raw_ns"] for one in samples], [25000.0] * 3)

    def test_a_consumers_seconds_hold_the_joining_of_its_group(self):
        line = "2026-11-21 10:00:00:000, 2026-11-21 10:00:02:000, 9.5367, 4.7684, 100000, 50000.0, 500, 1500, 6.3578, 66666.6\n"
        outcome = clients.Klamm("bin").outcome({"kind": "consume"}, machine.Finished(0, line, "", 0.1, 1.0, 2.0))
        self.assertEqual((outcome.records, outcome.seconds), (100_000, 2.0))


if __name__ == "__main__":
    unittest.main(verbosity=2)
