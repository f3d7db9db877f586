"""Tables in Markdown from the results, and the plots beside them."""
import statistics

import cases
import goals
import machine

PLACES = (1000, 100, 10)
THROUGHPUT = [("records/s (M)", "rate", 1e-6), ("client CPU (ns)", "client_cpu_ns", 1), ("broker CPU (ns)", "broker_cpu_ns", 1),
              ("client memory (MB)", "client_memory_mb", 1)]
LATENCY = [("p50 (µs)", "p50_us", 1), ("p99 (µs)", "p99_us", 1), ("p99.9 (µs)", "p999_us", 1), ("p50 from the call (µs)", "call_p50_us", 1),
           ("client CPU (µs)", "client_cpu_ns", 1e-3), ("client CPU with its schedule (µs)", "client_cpu_raw_ns", 1e-3),
           ("broker CPU (µs)", "broker_cpu_ns", 1e-3), ("client memory (MB)", "client_memory_mb", 1)]
BROKER = [("first answer (ms)", "first_answer_ms", 1), ("first acknowledged record (ms)", "first_ack_ms", 1), ("idle memory (MB)", "idle_memory_mb", 1),
          ("CPU at idle (ms/s)", "idle_cpu_ms_per_s", 1), ("memory per connection (kB)", "connection_kb", 1), ("stop (ms)", "stop_ms", 1)]

INTRODUCTION = """# Measured beside every peer

Made by `./dev bench`, renewed case by case by `./dev bench CASE...`; raw figures of every round are in [results.json](results.json), what was
tried on the way in [tried.md](tried.md).

**Both ends shared one machine**: client and broker ran on the processors named below, over loopback, and neither was bound to a processor.
Clients took turns within each round; one with *apart* beside its rounds was measured at another time than klamm. Figures are medians over the
rounds, with the smallest and the largest in parentheses.

- *Records/s* is what each client's own tool says: `klamm producer-perf-test` and `consumer-perf-test` (a callback per record; the ordinary
  `poll`), Kafka's tools of the same names, and for librdkafka and franz-go programs of this repository (`tests/bench/clients`,
  `tests/peers/franz`) with a callback per record and their batch calls (`rd_kafka_consume_batch_queue`, `PollFetches`). A consumer's clock
  runs from when it is told what to read, so it holds the joining of the group for klamm and Java, which subscribe; the others are assigned.
- *CPU* is user and system time per record of the process alone. That of a run of 1,000 records is subtracted from each client, so starting
  a process (a JVM's second or two) does not count; what a JVM compiles later does. Where nothing is left there is no figure.
- *Memory* is the peak of the client's resident set, looked up every 20 ms.
- *Verified*: every round counts the records by the brokers' end offsets (produce) or counts records and bytes (consume); of the
  last topic that a round produces and of each topic that is consumed the first 100,000 records are read back: each must be a line of the
  payload, none of which may come more often than chance has it. A round that fails does not enter.
- The payload is the same seeded log lines in JSON for all clients. Data folders are in memory (`/dev/shm`) for both brokers.
- A measurement starts only when 90 % of the processors are idle, unless `--busy-ok` is said: *busy* beside the rounds counts those that began
  with less. An idle Apache Kafka takes about 1 % while others are measured.
"""

PINNED = """batch.size 1,000,000, linger.ms 5, 5 requests in flight, 32 MiB of buffers, acks and codec as the case says (codecs at each
client's default level); fetches of 1 MiB per partition and 50 MiB in all, checksums checked. librdkafka may queue 1,000,000 messages, since
its default makes it stop."""


def number(figure):
    for limit, form in ((100, "{:,.0f}"), (10, "{:.1f}"), (0, "{:.2f}")):
        if abs(figure) >= limit:
            return form.format(figure)
    return str(figure)


def spread(figures, scale):
    if not figures:
        return ""
    values = sorted(figure * scale for figure in figures)
    middle = number(statistics.median(values))
    return middle if len(values) == 1 else f"{middle} ({number(values[0])}-{number(values[-1])})"


def rounds(results, case, client, broker):
    """How many there are, and what a reader must know of them."""
    busy = sum(one["idle"] < machine.IDLE_WANTED for one in results.of(case, client, broker))
    beside = results.taken_at(case, goals.OURS, broker)
    apart = beside and beside != results.taken_at(case, client, broker)
    return f"{len(results.of(case, client, broker))}" + (f", {busy} busy" if busy else "") + (", apart" if apart else "")


def table(results, chosen, columns):
    """One row for each case, broker and client that was measured."""
    rows = []
    for case in results.cases():
        if not chosen(case):
            continue
        cells = sorted({(one["broker"], one["client"]) for one in results.samples if one["case"] == case}, key=lambda cell: (cell[0] != goals.HERE, order(cell[1])))
        for broker, client in cells:
            figures = [spread(results.figures(case, client, broker, field), scale) for _, field, scale in columns]
            rows.append(f"| {case} | {broker} | {client} | " + " | ".join(figures) + f" | {rounds(results, case, client, broker)} |")
    if not rows:
        return "Not measured yet.\n"
    titles = ["case", "broker", "client", *(title for title, _, _ in columns), "rounds"]
    return "| " + " | ".join(titles) + " |\n|" + "---|" * len(titles) + "\n" + "\n".join(rows) + "\n"


def micro_table(results):
    rounds = [one["micro"] for one in results.of("micro/all", "none", "none")]
    lines = ["| what | CPU (ns) | GB/s | allocations |", "|---|---|---|---|"]
    for name in rounds[0] if rounds else []:
        parts = [one[name] for one in rounds if name in one]
        speed = spread([part["gb_s"] for part in parts if "gb_s" in part], 1)
        lines.append(f"| {name} | {spread([part['ns'] for part in parts], 1)} | {speed} | {statistics.median(part['allocations'] for part in parts):g} |")
    return "\n".join(lines) + "\n" if rounds else "Not measured yet.\n"


def order(client):
    known = ["klamm", "librdkafka", "Java", "franz-go"]
    return (known.index(client) if client in known else len(known), client)


def goal_table(results):
    lines = ["| work (100-byte records, 1 partition, pinned alike, klamm-broker, unless said) | goal | measured | |", "|---|---|---|---|"]
    for work, goal, judge in goals.rows():
        found = judge(results)
        figure, verdict = ("not measured yet", "") if found is None else (found[0], "met" if found[1] else "**missed**")
        lines.append(f"| {work} | {goal} | {figure} | {verdict} |")
    return "\n".join([*lines, peer_goal(goals.compared(results))]) + "\n"


def peer_goal(compared):
    """The goal of every cell with a rate of ours and of a peer: missed by one of them, met only by all."""
    compared, wanted = list(compared), sum(1 for _ in goals.to_compare(cases.all_cases()))
    slower = [f"{case} on {broker}: {number(ours / 1e6)} beside {peer}'s {number(theirs / 1e6)} M/s"
              for case, broker, ours, peer, theirs in compared if ours < theirs]
    verdict = f"**missed** in {len(slower)}: " + "; ".join(slower) if slower else "met" if len(compared) == wanted else ""
    return f"| records/s, every case, broker and peer | not slower than any peer | {len(compared)} of {wanted} cells measured | {verdict} |"


def machines(results):
    idle = sorted(one["idle"] for one in results.samples)
    busy = sum(share < machine.IDLE_WANTED for share in idle)
    lines = [f"- before the {len(idle)} rounds the processors were {statistics.median(idle):.0f} % idle (least: {idle[0]:.0f} %; {busy} rounds with less than "
             f"{machine.IDLE_WANTED:.0f} %)"] if idle else []
    if earlier := sum("taken" not in one for one in results.samples):
        lines.append(f"- {earlier} rounds are older than the method above: they read back the topic of a process that was not measured, whatever the number of "
                     "equal lines, and klamm's clock of a consumer began with its first fetch, librdkafka's before it was made")
    for run in results.runs:
        versions = ", ".join(f"{name} {version}" for name, version in run["versions"].items())
        absent = "".join(f"; **{name}: absent**" for name in run["absent"])
        lines.append(f"- {run['date']}, commit {run['commit']}: {run['processors']} × {run['model']}, {run['memory_gb']} GB, {run['system']}, Linux {run['kernel']}, "
                     f"TCP congestion control {run['congestion_control']} on every socket; {versions}{absent}")
    return "\n".join(lines) + "\n"


def is_latency(case):
    return case.startswith("latency/")


def text(results, plots):
    def throughput(ending):
        return lambda case: case.endswith(ending) and not is_latency(case)
    parts = [INTRODUCTION, "## Machine and versions\n\n" + machines(results), "## Goals\n\n" + goal_table(results)]
    parts += [f"![{title}]({file})\n" for file, title in plots]
    parts += [f"## Pinned alike\n\n{PINNED}\n\n" + table(results, throughput("/pinned"), THROUGHPUT),
              "## Each client's defaults\n\nNothing is set but the codec. Defaults differ: read this as what a user gets, not as a race.\n\n" +
              table(results, throughput("/defaults"), THROUGHPUT),
              "## Latency\n\nAn open-loop schedule: a delay counts from the moment when the record was due, whatever became of those before it; linger 0, acks=1, "
              "callbacks on a thread of the client.\nTimers of all clients are sharp (a timer slack of 1 ns). For klamm and librdkafka, which share one schedule,\nthe CPU of the schedule alone, measured before each of their rounds, is subtracted.\n\n" + table(results, is_latency, LATENCY),
              "## Brokers\n\nFrom the start of the process, asked every 0.2 ms.\n\n" + table(results, lambda case: case.startswith("broker/"), BROKER)]
    parts.append("## Micro-benchmarks\n\nCPU time and allocations for one turn: a record, a buffer, a message.\n\n" + micro_table(results))
    return "\n".join(parts)


def write(results, out):
    """Writes OUT/README.md and the plots."""
    import plots
    out.mkdir(parents=True, exist_ok=True)
    drawn = plots.draw(results, out)
    (out / "README.md").write_text(text(results, drawn))
