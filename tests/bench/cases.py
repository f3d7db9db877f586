"""The cases of ./dev bench: each a piece of work, the clients that do it and the brokers that they do it with."""
import fnmatch
import itertools

CLIENTS = ["klamm", "librdkafka", "Java", "franz-go"]
BROKERS = ["klamm-broker", "Apache Kafka"]
SIZES, CODECS = [10, 100, 1000], ["none", "lz4", "zstd", "gzip"]


class Case:
    """`work` holds what a client must know of it; kind says which part of the harness runs it."""

    def __init__(self, name, kind, clients=CLIENTS, brokers=BROKERS, **work):
        self.name, self.kind, self.clients, self.brokers = name, kind, clients, brokers
        self.work = {"kind": kind, "codec": "none", "idempotent": False, "one": False, "partitions": 1, "pinned": True, "size": 100, **work}


def produce_cases():
    for size, codec, idempotent, partitions in itertools.product(SIZES, CODECS, [False, True], [1, 16]):
        name = f"produce/{size}B/{codec}/{'idempotent' if idempotent else 'acks1'}/p{partitions}"
        yield Case(f"{name}/pinned", "produce", size=size, codec=codec, idempotent=idempotent, partitions=partitions)
    for size, codec, partitions in itertools.product(SIZES, CODECS, [1, 16]):
        yield Case(f"produce/{size}B/{codec}/p{partitions}/defaults", "produce", size=size, codec=codec, partitions=partitions, pinned=False)


def consume_cases():
    for size, codec, one, partitions, pinned in itertools.product(SIZES, CODECS, [False, True], [1, 16], [True, False]):
        name = f"consume/{size}B/{codec}/{'one' if one else 'batch'}/p{partitions}/{'pinned' if pinned else 'defaults'}"
        yield Case(name, "consume", size=size, codec=codec, one=one, partitions=partitions, pinned=pinned)


def all_cases():
    return [*produce_cases(), *consume_cases()]


def chosen(cases, patterns):
    """Cases whose name matches one of the patterns, or begins with it; all where there is no pattern."""
    for pattern in patterns:
        if not any(fits(case, pattern) for case in cases):
            raise SystemExit(f"bench: no case matches '{pattern}'; --list shows all")
    return [case for case in cases if not patterns or any(fits(case, pattern) for pattern in patterns)]


def fits(case, pattern):
    return fnmatch.fnmatch(case.name, pattern) or case.name == pattern or case.name.startswith(pattern.rstrip("/") + "/")
