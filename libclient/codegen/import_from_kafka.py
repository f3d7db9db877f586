#!/usr/bin/env python3
"""Writes the .kdef files from the message definitions inside Kafka's jars.

    import_from_kafka.py JARS SCHEMA_DIRECTORY

Used once per Kafka release that we follow: import, then look at `git diff` and at the difference that
check_against_kafka.py prints. Comments written by hand in a .kdef file that is written anew are lost: merge them
back with `git add -p`. What tiered storage stores (RemoteLog*, RemotePartition*) is left out.
"""

import pathlib
import sys

from kafka_json import kafka_messages
from model import ALL, NONE, snake

RETIRED = "# APIs whose number is taken for ever but which no version of a broker speaks any more.\n\n"


def field_words(f):
    words = [f.name, f"[{f.type}]" if f.array else f.type]
    if not f.nullable.empty():
        words[1] += "?" if f.nullable == f.versions else f"?{f.nullable}"
    if f.versions != ALL:
        words.append(str(f.versions))
    if f.tag is not None:
        words += ["tag", str(f.tag)] + ([] if f.tagged == f.versions else [str(f.tagged)])
    if f.entity:
        words.append(f.entity)
    words += [word for word, on in (("key", f.map_key), ("ignorable", f.ignorable), ("zerocopy", f.zero_copy)) if on]
    if f.flexible is not None:
        words += ["flexible", str(f.flexible)]
    if f.default is not None:
        words += ["=", f.default]
    return words


def field_lines(fields, indent):
    rows = [(f, field_words(f)) for f in fields]
    names = max((len(words[0]) for _, words in rows), default=0)
    types = max((len(words[1]) for _, words in rows), default=0)
    lines = []
    for f, words in rows:
        lines.append(("  " * indent + f"{words[0]:<{names}} {words[1]:<{types}} " + " ".join(words[2:])).rstrip())
        if f.fields is not None:
            lines += field_lines(f.fields, indent + 1)
    return lines


def body_lines(message):
    lines = []
    for common in message.commons:
        lines.append(f"  struct {common.name}" + ("" if common.versions == ALL else f" {common.versions}"))
        lines += field_lines(common.fields, 2)
    return lines + field_lines(message.fields, 1)


def head(message, kind, name):
    words = [kind] + ([str(message.key)] if message.key is not None else []) + [name]
    text = " ".join(words) + f"  versions {message.versions}"
    if not message.versions.empty():
        text += f"  flexible {message.flexible}"
    if message.listeners:
        text += "  listeners " + " ".join(message.listeners)
    return text + ("  unstable" if message.unstable else "")


def stem_of(message):
    """A coordinator's key and value share a file."""
    name = message.name
    if message.kind.startswith("coordinator"):
        name = name[: -len("Key")] if name.endswith("Key") else name[: -len("Value")]
    return snake(name)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    messages = kafka_messages(pathlib.Path(sys.argv[1]))
    out = pathlib.Path(sys.argv[2])
    (out / "records").mkdir(parents=True, exist_ok=True)
    files = {}
    retired = ""
    for name in sorted(messages, key=lambda n: (messages[n].kind, messages[n].key or 0, n)):
        message = messages[name]
        if message.kind == "request":
            api, response = name[: -len("Request")], messages[name[: -len("Request")] + "Response"]
            if (response.versions, response.flexible, response.key) != (message.versions, message.flexible, message.key):
                sys.exit(f"{name}: versions of request and response differ; the grammar has no word for that")
            if message.versions.empty():
                retired += head(message, "api", api) + "\n"
                continue
            lines = [head(message, "api", api), "", "request"] + body_lines(message) + ["", "response"] + body_lines(response)
            files[f"{message.key:02d}_{snake(api)}.kdef"] = lines
        elif message.kind == "header":
            files.setdefault("headers.kdef", []).extend([head(message, message.kind, name)] + body_lines(message) + [""])
        elif message.kind != "response":
            lines = files.setdefault(f"records/{stem_of(message)}.kdef", [])
            lines += ([""] if lines else []) + [head(message, message.kind, name)] + body_lines(message)
    for path, lines in files.items():
        (out / path).write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")
    (out / "retired.kdef").write_text(RETIRED + retired, encoding="utf-8")
    print(f"{len(files) + 1} files, {len(messages)} messages")


if __name__ == "__main__":
    main()
