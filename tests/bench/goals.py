"""The goals of the project and what was measured of each, from the medians of the results."""
import statistics

OURS, PEER = "klamm", "librdkafka"
PEERS = (PEER, "Java", "franz-go")
HERE, THERE = "klamm-broker", "Apache Kafka"
PLAIN = "produce/100B/none/acks1/p1/pinned"
READ = "consume/100B/none/batch/p1/pinned"


def short(figure):
    return f"{figure:,.0f}" if figure >= 1000 else f"{figure:.3g}"


def positive(*figures):
    """Whether all were measured, and are more than the noise of what was subtracted from them."""
    return all(figure is not None and figure > 0 for figure in figures)


def ratio(results, case, field, broker=HERE, peer=PEER):
    ours, theirs = results.median(case, OURS, broker, field), results.median(case, peer, broker, field)
    return (ours / theirs, ours, theirs) if positive(ours, theirs) else None


def apart(results, case, cell, other):
    """A remark where two cells, each (client, broker), were not measured in turn."""
    return "" if results.taken_at(case, *cell) == results.taken_at(case, *other) else ", measured apart"


def at_most(limit, case, field, unit, scale=1.0, broker=HERE):
    """A goal of the form: ours is at most `limit` times theirs."""
    def judge(results):
        found = ratio(results, case, field, broker)
        if found is None:
            return None
        share, ours, theirs = found
        remark = apart(results, case, (OURS, broker), (PEER, broker))
        return f"1/{1 / share:.1f}: {short(ours * scale)} beside {short(theirs * scale)} {unit}{remark}", share <= limit
    return judge


def at_least(limit, case, field="rate", unit="M/s", scale=1e-6, broker=HERE):
    def judge(results):
        found = ratio(results, case, field, broker)
        if found is None:
            return None
        share, ours, theirs = found
        remark = apart(results, case, (OURS, broker), (PEER, broker))
        return f"{share:.2f}×: {short(ours * scale)} beside {short(theirs * scale)} {unit}{remark}", share >= limit
    return judge


def below(limit, case, client, field, unit, broker=HERE):
    def judge(results):
        figure = results.median(case, client, broker, field)
        return None if figure is None else (f"{short(figure)} {unit}", figure <= limit)
    return judge


def same_client(limit, case, field="broker_cpu_ns"):
    """Our broker beside Apache Kafka, each with our client."""
    def judge(results):
        ours, theirs = results.median(case, OURS, HERE, field), results.median(case, OURS, THERE, field)
        if not positive(ours, theirs):
            return None
        return f"1/{theirs / ours:.1f}: {short(ours)} beside {short(theirs)} ns{apart(results, case, (OURS, HERE), (OURS, THERE))}", ours <= limit * theirs
    return judge


def within(limit, case, plain, other):
    """The median over the rounds of how much more the one costs than the other, measured in turn."""
    def judge(results):
        pairs = [pair for pair in results.pairs(case, plain, other, HERE, "client_cpu_ns") if positive(*pair)]
        if not pairs:
            return None
        more = statistics.median(100 * (second / first - 1) for first, second in pairs)
        return f"{more:+.1f} % ({len(pairs)} pairs, medians {short(statistics.median(a for a, _ in pairs))} and {short(statistics.median(b for _, b in pairs))} ns)", more <= limit
    return judge


def ack(rate):
    return f"latency/ack/{rate}/pinned"


def rows():
    """(work, goal, judge); judge answers (figure, met), or None where nothing was measured."""
    yield "client CPU per record, produce", "≤ 1/5 of librdkafka's", at_most(1 / 5, PLAIN, "client_cpu_ns", "ns")
    yield "records/s produce, callback per record", "≥ 4× librdkafka", at_least(4, PLAIN)
    yield "the same, idempotent, acks=all", "CPU within 5 % of the first row", within(5, "idempotence/100B/pinned", "klamm acks=1", "klamm idempotent")
    yield "client CPU per record, consume through `poll`", "≤ 1/8 of librdkafka's batch queue", at_most(1 / 8, READ, "client_cpu_ns", "ns")
    yield "records/s consume", "≥ 8× librdkafka", at_least(8, READ)
    for codec, times in (("lz4", 2), ("zstd", 1.5), ("gzip", 2)):
        yield f"records/s produce, {codec}", f"≥ {times}×", at_least(times, f"produce/100B/{codec}/acks1/p1/pinned")
    for kind, case in (("produce", "produce/1000B/none/acks1/p1/pinned"), ("consume", "consume/1000B/none/batch/p1/pinned")):
        yield f"records/s {kind}, 1,000 bytes", "≥ 2.5×", at_least(2.5, case)
        yield f"client memory, {kind}, 1,000 bytes", "≤ 40 MB", below(40, case, OURS, "client_memory_mb", "MB")
    yield "ack latency, linger 0, 10,000/s, p50", "≤ 0.6×", at_most(0.6, ack(10000), "p50_us", "µs")
    yield "ack latency, linger 0, 10,000/s, p99", "≤ 0.7×", at_most(0.7, ack(10000), "p99_us", "µs")
    yield "the same, client CPU", "≤ 1/3", at_most(1 / 3, ack(10000), "client_cpu_ns", "µs per record", 1e-3)
    yield "broker CPU per record, produce, beside Apache Kafka", "≤ 1/5", same_client(1 / 5, PLAIN)
    yield "broker CPU per record, fetch, beside Apache Kafka", "≤ 1/2", same_client(1 / 2, READ)
    yield "broker start to its first answer, temporary folder", "≤ 10 ms", below(10, "broker/start/temporary", "none", "first_answer_ms", "ms")
    yield "broker start to its first answer, durable folder", "≤ 30 ms", below(30, "broker/start/durable", "none", "first_answer_ms", "ms")
    yield "broker, idle memory", "≤ 10 MB", below(10, "broker/start/durable", "none", "idle_memory_mb", "MB")
    yield "1,000 partitions: start after a clean stop", "≤ 150 ms", below(150, "broker/start/1000-partitions", "none", "first_answer_ms", "ms")
    yield "1,000 partitions: idle memory", "≤ 60 MB", below(60, "broker/start/1000-partitions", "none", "idle_memory_mb", "MB")
    yield "on Apache Kafka: client CPU per record, produce", "≤ 1/5", at_most(1 / 5, PLAIN, "client_cpu_ns", "ns", broker=THERE)
    yield "on Apache Kafka: client CPU per record, consume", "≤ 1/8", at_most(1 / 8, READ, "client_cpu_ns", "ns", broker=THERE)


class Asked:
    """Results that hold nothing and remember which cases were asked for."""

    def __init__(self):
        self.cases = []

    def median(self, case, *_):
        self.cases.append(case)

    def pairs(self, case, *_):
        self.cases.append(case)
        return []


def cases_used():
    """The names of the cases behind the table of goals."""
    asked = Asked()
    for _, _, judge in rows():
        judge(asked)
    return list(dict.fromkeys(asked.cases))


def compared(results):
    """Records/s of ours beside each peer's wherever both were measured, as (case, broker, ours, peer, theirs)."""
    for case in results.cases():
        for broker in (HERE, THERE):
            ours = results.median(case, OURS, broker, "rate")
            for peer in PEERS:
                theirs = results.median(case, peer, broker, "rate")
                if ours is not None and theirs is not None:
                    yield case, broker, ours, peer, theirs


def to_compare(cases):
    """What compared() would yield were all of these cases measured, as (case, broker, peer)."""
    return ((case.name, broker, peer) for case in cases if case.kind in ("produce", "consume")
            for broker in case.brokers for peer in PEERS if {OURS, peer} <= set(case.clients))
