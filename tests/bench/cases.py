"""The cases of ./dev bench: each a piece of work, the clients that do it and the brokers that they do it with."""
import fnmatch
import itertools

import goals

CLIENTS = ["klamm", "librdkafka", "Java", "franz-go"]
BROKERS = ["klamm-broker", "Apache Kafka"]
SIZES, CODECS = [10, 100, 1000], ["none", "lz4", "zstd", "gzip"]


QUICK = ["produce/100B/lz4/acks1/p1/pinned", "produce/100B/none/p1/defaults", "consume/100B/none/batch/p16/pinned", "consume/100B/none/one/p1/defaults",
         "idempotence/100B/pinned", "latency/ack/1000/pinned", "latency/end-to-end/1000/pinned", "broker/start/temporary", "broker/1000-idle-connections",
         "micro/all"]


class Case:
    """`work` holds what a client must know of it; kind says which part of the harness runs it."""

    def __init__(self, name, kind, clients=CLIENTS, brokers=BROKERS, rounds=0, **work):
        self.name, self.kind, self.clients, self.brokers = name, kind, clients, brokers
        self.rounds = rounds  # at least so many
        self.work = {"kind": kind, "codec": "none", "idempotent": False, "one": False, "partitions": 1, "pinned": True, "size": 100, **work}


def produce_cases():
    for size, codec, idempotent, partitions in itertools.product(SIZES, CODECS, [False, True], [1, 16]):
        name = f"produce/{size}B/{codec}/{'idempotent' if idempotent else 'acks1'}/p{partitions}"
        yield Case(f"{name}/pinned", "produce", size=size, codec=codec, idempotent=idempotent, partitions=partitions)
    for size, codec in itertools.product(SIZES, CODECS):
        yield Case(f"produce/{size}B/{codec}/p1/defaults", "produce", size=size, codec=codec, pinned=False)


def consume_cases():
    for size, codec, one, partitions, pinned in itertools.product(SIZES, CODECS, [False, True], [1, 16], [True, False]):
        if partitions > 1 and not pinned:
            continue
        name = f"consume/{size}B/{codec}/{'one' if one else 'batch'}/p{partitions}/{'pinned' if pinned else 'defaults'}"
        yield Case(name, "consume", size=size, codec=codec, one=one, partitions=partitions, pinned=pinned)


def latency_cases():
    for rate in (1000, 10000):
        yield Case(f"latency/ack/{rate}/pinned", "latency", mode="latency", rate=rate)
        yield Case(f"latency/end-to-end/{rate}/pinned", "latency", mode="end-to-end", rate=rate)


VARIANTS = {"klamm acks=1": ("klamm", False), "klamm idempotent": ("klamm", True),
            "librdkafka acks=1": ("librdkafka", False), "librdkafka idempotent": ("librdkafka", True)}


def idempotence_cases():
    for size in (100, 1000):
        yield Case(f"idempotence/{size}B/pinned", "produce", clients=list(VARIANTS), rounds=11, size=size)


def broker_cases():
    for name, brokers, work in (("start/temporary", BROKERS[:1], {"temporary": True}), ("start/durable", BROKERS, {}),
                                ("start/1000-partitions", BROKERS, {"partitions_there": True}), ("1000-idle-connections", BROKERS, {"connections": True})):
        yield Case(f"broker/{name}", "startup", clients=["none"], brokers=brokers, **work)


def micro_cases():
    yield Case("micro/all", "micro", clients=["none"], brokers=["none"], shown="record/encode/100")


def all_cases():
    return [*produce_cases(), *idempotence_cases(), *consume_cases(), *latency_cases(), *broker_cases(), *micro_cases()]


def chosen(cases, patterns):
    """Cases whose name matches one of the patterns, or begins with it; all where there is no pattern; `goals` are those behind
    the table of goals."""
    if "goals" in patterns:
        patterns = [pattern for pattern in patterns if pattern != "goals"] + goals.cases_used()
    for pattern in patterns:
        if not any(fits(case, pattern) for case in cases):
            raise SystemExit(f"bench: no case matches '{pattern}'; --list shows all")
    return [case for case in cases if not patterns or any(fits(case, pattern) for pattern in patterns)]


def fits(case, pattern):
    return fnmatch.fnmatch(case.name, pattern) or case.name == pattern or case.name.startswith(pattern.rstrip("/") + "/")
