"""producer-perf-test and consumer-perf-test beside Kafka's: the same expressions match the lines of both, and what they say
adds up."""
import re

import harness
from harness import InteropTest, KlammBroker, java_tool, klamm, need

RECORDS = 60_000
SIZE = 100
NUMBER = r"\d+(?:\.\d+)?"
WINDOW = re.compile(rf"(\d+) records sent, ({NUMBER}) records/sec \(({NUMBER}) MB/sec\), ({NUMBER}) ms avg latency, ({NUMBER}) ms max latency\.")
TOTAL = re.compile(rf"(\d+) (?:(steady state) )?records sent, ({NUMBER}) records/sec \(({NUMBER}) MB/sec\), ({NUMBER}) ms avg latency, ({NUMBER}) ms max latency, "
                   r"(\d+) ms 50th, (\d+) ms 95th, (\d+) ms 99th, (\d+) ms 99\.9th\.")
DATE = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d:\d{3}"
FIGURE = r"-?(?:\d+\.\d{4}|Infinity|NaN)"
COLUMNS = rf"(\d+\.\d{{4}}), ({FIGURE}), (\d+), ({FIGURE}), (-?\d+), (-?\d+), ({FIGURE}), ({FIGURE})"
SUMMARY = re.compile(rf"({DATE}), ({DATE}), {COLUMNS}")
INTERVAL = re.compile(rf"({DATE}), 0, {COLUMNS}")
METRIC = re.compile(r"(\S+?):(\S+?):\{(.*)\} +: (-?\d+(?:\.\d{3})?|NaN|-?Infinity|\S.*)")
HEADER = "start.time, end.time, data.consumed.in.MB, MB.sec, data.consumed.in.nMsg, nMsg.sec, rebalance.time.ms, fetch.time.ms, fetch.MB.sec, fetch.nMsg.sec"


def kafkas(name, *args):
    return java_tool("kafka-" + name, *args)


TOOLS = {"Kafka's": kafkas, "ours": klamm}


def lines(done):
    """Without what Java's logging says."""
    return [line for line in done.stdout.decode().splitlines() if line and not re.match(r"\[|SLF4J|WARN", line)]


def metrics(text):
    """The table of --print-metrics: {(group, name): value}, and the line of names in front of it."""
    head = next(n for n, line in enumerate(text) if line.startswith("Metric Name"))
    found = {}
    for line in text[head + 1:]:
        match = METRIC.fullmatch(line)
        if match:
            found.setdefault((match[1], match[2]), match[4])
    return found, text[head]


class PerfTest(InteropTest):
    @classmethod
    def setUpClass(cls):
        need("java")
        cls.broker = cls.enterClassContext(KlammBroker())

    def produce(self, tool, topic, *args, records=RECORDS):
        return lines(tool("producer-perf-test", "--bootstrap-server", self.broker.bootstrap, "--topic", topic, "--num-records", records,
                          "--record-size", SIZE, "--throughput", "-1", *args))

    def consume(self, tool, topic, *args):
        return lines(tool("consumer-perf-test", "--bootstrap-server", self.broker.bootstrap, "--topic", topic, "--num-records", RECORDS, *args))

    def test_the_producer_prints_kafkas_lines(self):
        for who, tool in TOOLS.items():
            with self.subTest(who):
                topic = f"produced-{len(who)}"
                self.create_topic(self.broker, topic)
                said = self.produce(tool, topic, "--warmup-records", 1000, "--reporting-interval", 100, "--print-metrics", "--command-property", "acks=1")
                totals = [match for match in map(TOTAL.fullmatch, said) if match]
                self.assertEqual([(match[2], match[1]) for match in totals], [(None, str(RECORDS)), ("steady state", str(RECORDS - 1000))], said)
                sent, rate, megabytes, percentiles = int(totals[0][1]), float(totals[0][3]), float(totals[0][4]), [int(totals[0][n]) for n in range(7, 11)]
                self.assertAlmostEqual(megabytes, rate * SIZE / 2**20, delta=0.02 * megabytes + 0.02)
                self.assertEqual(percentiles, sorted(percentiles))
                self.assertLessEqual(percentiles[-1], float(totals[0][6]) + 1)
                windows = [match for match in map(WINDOW.fullmatch, said) if match]
                self.assertLessEqual(sum(int(match[1]) for match in windows), sent)
                self.assertTrue(any(line.startswith("In steady state") for line in said), said)
                counted, _ = metrics(said)
                self.assertEqual(float(counted["producer-metrics", "record-send-total"]), RECORDS)
                self.assertEqual(float(counted["producer-metrics", "record-error-total"]), 0)
                self.assertGreater(float(counted["producer-metrics", "request-latency-avg"]), 0)
                self.assertEqual(float(counted["producer-metrics", "buffer-total-bytes"]), 32 * 2**20)

    def test_the_consumer_prints_kafkas_lines(self):
        self.create_topic(self.broker, "read")
        self.produce(klamm, "read")
        for who, tool in TOOLS.items():
            with self.subTest(who):
                said = self.consume(tool, "read", "--print-metrics")
                self.assertIn(HEADER, said)
                match = next(match for match in map(SUMMARY.fullmatch, said) if match)
                self.check_columns([float(match[n]) for n in range(3, 11)])
                counted, _ = metrics(said)
                group = "consumer-fetch-manager-metrics"
                self.assertGreaterEqual(float(counted[group, "records-consumed-total"]), RECORDS)
                self.assertGreaterEqual(float(counted[group, "bytes-consumed-total"]), RECORDS * SIZE)
                for name in ("fetch-latency-avg", "fetch-size-avg", "fetch-total"):
                    self.assertGreater(float(counted[group, name]), 0, name)

    def check_columns(self, columns):
        megabytes, megabytes_rate, records, records_rate, rebalance, fetch, _, fetch_rate = columns
        self.assertEqual(records, RECORDS)
        self.assertAlmostEqual(megabytes, RECORDS * SIZE / 2**20, places=3)
        self.assertAlmostEqual(megabytes_rate / records_rate, SIZE / 2**20, places=6)
        self.assertGreater(fetch_rate, 0)
        self.assertAlmostEqual(records / records_rate * 1000, rebalance + fetch, delta=5)

    def test_detailed_figures_come_each_interval(self):
        self.create_topic(self.broker, "watched")
        self.produce(klamm, "watched")
        for who, tool in TOOLS.items():
            with self.subTest(who):
                # More than there are: the tools wait. Kafka's tells of an interval when a record comes in it, ours in any case.
                said = lines(tool("consumer-perf-test", "--bootstrap-server", self.broker.bootstrap, "--topic", "watched", "--num-records", RECORDS + 1,
                                  "--show-detailed-stats", "--reporting-interval", 200, "--timeout", 2000, "--hide-header"))
                intervals = [match for match in map(INTERVAL.fullmatch, said) if match]
                self.assertGreaterEqual(len(intervals), 1 if tool is kafkas else 3, said)
                self.assertNotIn("threadId", "".join(said))
                counts = [int(match[4]) for match in intervals]
                self.assertEqual(counts, sorted(counts))
                self.assertLessEqual(counts[-1], RECORDS)
                if tool is klamm:
                    self.assertEqual(counts[-1], RECORDS)

    def test_every_metric_of_ours_has_kafkas_name(self):
        self.create_topic(self.broker, "named")
        for produced in (True, False):
            ask = (lambda tool: self.produce(tool, "named", "--print-metrics")) if produced else (lambda tool: self.consume(tool, "named", "--print-metrics"))
            theirs, ours = metrics(ask(kafkas))[0], metrics(ask(klamm))[0]
            self.assertGreater(len(ours), 5)
            self.assertEqual([name for name in ours if name not in theirs], [])


if __name__ == "__main__":
    harness.main()
