"""Seeded log lines in JSON, the same for every client: each exactly so many bytes long, different from the others."""
import collections
import json
import math
import random

WORDS = ("timeout connection refused retry accepted user session order payment cart inventory shipped queue worker cache miss hit "
         "index rebuilt replica lag leader elected snapshot written disk full warning request served upstream closed token expired "
         "renewed partition assigned revoked commit offset reset schema upgraded metric flushed trace sampled").split()
LEVELS = ["DEBUG", "INFO", "INFO", "INFO", "INFO", "WARN", "ERROR"]
SERVICES = ["checkout", "billing", "search", "catalog", "gateway", "auth", "mailer"]


def line(chance, moment, size):
    """One line of `size` bytes. What has no room for the usual fields is a number in braces."""
    if size < 40:
        return f'{{"n":{chance.randrange(10 ** (size - 7), 10 ** (size - 6))}}}'
    fields = {"ts": moment, "level": chance.choice(LEVELS), "svc": chance.choice(SERVICES)}
    if size >= 300:
        fields.update(host=f"node-{chance.randrange(40)}", trace=f"{chance.getrandbits(64):016x}", path=f"/v1/{chance.choice(WORDS)}/{chance.randrange(10 ** 6)}",
                      status=chance.choice([200, 200, 200, 204, 301, 404, 500]), ms=round(chance.expovariate(0.05), 3))
    room = size - len(json.dumps({**fields, "msg": ""}, separators=(",", ":")))
    text = ""
    while len(text) < room:
        text += chance.choice(WORDS) + (f"={chance.randrange(10 ** 4)} " if chance.random() < 0.2 else " ")
    return json.dumps({**fields, "msg": text[:room]}, separators=(",", ":"))


def strange(values, lines):
    """How many of the values nobody sent who draws from the lines at random: they are none of them, or one of them more often than
    chance ever has it."""
    known, found = collections.Counter(lines), 0
    for value, count in collections.Counter(values).items():
        expected = len(values) * known[value] / len(lines)
        bound = expected + 12 * math.sqrt(expected) + 12 if value in known else 0
        found += max(0, count - int(bound))
    return found


def write(path, size, lines, seed=7):
    chance, moment = random.Random(seed * 1_000_003 + size), 1_700_000_000_000
    with open(path, "w", encoding="ascii") as file:
        for number in range(lines):
            moment += chance.randrange(50)
            text = line(chance, moment, size)
            assert len(text) == size, (size, text)
            file.write(text + ("\n" if number + 1 < lines else ""))
