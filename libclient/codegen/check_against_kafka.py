#!/usr/bin/env python3
"""Compares the schema with the message definitions inside Kafka's jars, attribute by attribute.

    check_against_kafka.py JARS [SCHEMA_DIRECTORY]

JARS is a directory of Kafka's jars (or of unpacked ones). Prints one line per difference and a summary such as
"89 of 89 APIs, 84 records, 0 differences"; exits with 1 when anything differs, is missing or is surplus. Everything is
compared but the `about` sentences. Two spellings mean the same: the first letter of a field's name (Kafka writes both
`TimeoutMs` and `timeoutMs`), and `error` for an int16 that holds an error code.
"""

import pathlib
import sys

from kafka_json import LEFT_OUT, kafka_messages
from kdef_parser import schema_files
from model import SchemaError

MESSAGE_FACTS = ("kind", "key", "versions", "flexible", "unstable")
FIELD_FACTS = ("array", "versions", "nullable", "default", "tag", "tagged", "flexible", "ignorable", "map_key", "zero_copy", "entity")


def wire_type(f):
    return "int16" if f.type == "error" else f.type


class Comparison:
    """Collects the differences between ours and Kafka's."""

    def __init__(self):
        self.differences = []

    def differ(self, where, what, ours, theirs):
        self.differences.append(f"{where}: {what}: schema {ours}, Kafka {theirs}")

    def message(self, ours, theirs):
        for fact in MESSAGE_FACTS:
            self._fact(ours.name, fact, getattr(ours, fact), getattr(theirs, fact))
        self._fact(ours.name, "listeners", sorted(ours.listeners), sorted(theirs.listeners))
        self._fact(ours.name, "common structs", [c.name for c in ours.commons], [c.name for c in theirs.commons])
        for mine, other in zip(ours.commons, theirs.commons):
            self._fact(f"{ours.name}.{mine.name}", "versions", mine.versions, other.versions)
            self._fields(f"{ours.name}.{mine.name}", mine.fields, other.fields)
        self._fields(ours.name, ours.fields, theirs.fields)

    def _fact(self, where, what, ours, theirs):
        if ours != theirs:
            self.differ(where, what, ours, theirs)

    def _fields(self, where, ours, theirs):
        mine, other = [f.name for f in ours], [f.name for f in theirs]
        self._fact(where, "fields", mine, other)
        by_name = {f.name: f for f in theirs}
        for f in ours:
            if f.name in by_name:
                self._field(f"{where}.{f.name}", f, by_name[f.name])

    def _field(self, where, ours, theirs):
        self._fact(where, "type", wire_type(ours), wire_type(theirs))
        for fact in FIELD_FACTS:
            self._fact(where, fact, getattr(ours, fact), getattr(theirs, fact))
        self._fact(where, "own fields", ours.fields is not None, theirs.fields is not None)
        if ours.fields is not None and theirs.fields is not None:
            self._fields(where, ours.fields, theirs.fields)


def compare(ours, theirs):
    """(summary, differences) of two dictionaries name -> Message."""
    comparison = Comparison()
    alive = {m.key for m in theirs.values() if m.kind == "request" and not m.versions.empty()}
    same = set(alive)
    records = 0
    for name in sorted(ours.keys() | theirs.keys()):
        before = len(comparison.differences)
        if name not in ours:
            comparison.differences.append(f"{name}: missing in the schema")
        elif name not in theirs:
            comparison.differences.append(f"{name}: Kafka has no such message")
        else:
            comparison.message(ours[name], theirs[name])
            records += ours[name].kind not in ("request", "response")
        if len(comparison.differences) > before and name in theirs:
            if theirs[name].kind in ("request", "response"):
                same.discard(theirs[name].key)
    return f"{len(same)} of {len(alive)} APIs, {records} records, {len(comparison.differences)} differences", comparison.differences


def main(arguments):
    if len(arguments) not in (1, 2):
        print(__doc__, file=sys.stderr)
        return 2
    default = pathlib.Path(__file__).resolve().parent.parent / "schema"
    try:
        files = schema_files(pathlib.Path(arguments[1]) if len(arguments) == 2 else default)
    except SchemaError as error:
        print(error, file=sys.stderr)
        return 1
    theirs = kafka_messages(pathlib.Path(arguments[0]))
    if not theirs:
        print(f"{arguments[0]}: no message definitions found", file=sys.stderr)
        return 2
    summary, differences = compare({m.name: m for file in files for m in file.messages}, theirs)
    for difference in differences:
        print(difference)
    print(summary + f" (left out by name: {', '.join(sorted(LEFT_OUT))})")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
