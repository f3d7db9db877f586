#!/usr/bin/env python3
"""Writes Klamm's C++ protocol from its schema files. Python's standard library only.

    klamm_codegen.py SCHEMA_DIRECTORY OUTPUT_DIRECTORY           write the files (only those whose text changed)
    klamm_codegen.py --list SCHEMA_DIRECTORY OUTPUT_DIRECTORY    print their names and do nothing

One header and one source per API (protocol/12_heartbeat.h), one header per stored record (protocol/records/x.h) with
one source per kind of record, api_key.h, and the tables of all APIs. A fault prints as `file:line: message`.
"""

import pathlib
import sys

from emit_structs import header, source_file, writers
from emit_tables import api_key_header, api_table_source
from kdef_parser import schema_files
from model import SchemaError, snake


def outputs(files):
    """path below the output directory -> text."""
    texts = {"protocol/api_key.h": api_key_header(files)}
    headers, by_kind = [], {}
    for file in files:
        if all(m.versions.empty() for m in file.messages):
            continue
        source = pathlib.Path(file.path).name
        if file.api or file.stem == "headers":
            found = writers(file)
            name = f"protocol/{file.stem}.h"
            texts[name] = header(source, found)
            texts[f"protocol/{file.stem}.cc"] = source_file(source, [name], found)
            headers.append(name)
            continue
        for writer in writers(file):
            name = f"protocol/records/{snake(writer.message.name)}.h"
            texts[name] = header(f"records/{source}", [writer])
            headers.append(name)
            by_kind.setdefault(writer.message.kind.split("-")[0], []).append((name, writer))
    for kind, found in by_kind.items():
        texts[f"protocol/records/{kind}_records.cc"] = source_file("records/", [n for n, _ in found], [w for _, w in found])
    texts["protocol/api_table_rows.cc"] = api_table_source(files, headers)
    return texts


def write(directory, texts):
    for name, text in texts.items():
        path = directory / name
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def main(arguments):
    listing = arguments[:1] == ["--list"]
    if len(arguments) != (3 if listing else 2):
        print(__doc__, file=sys.stderr)
        return 2
    schema, out = (pathlib.Path(a) for a in arguments[-2:])
    try:
        texts = outputs(schema_files(schema))
    except SchemaError as error:
        print(error, file=sys.stderr)
        return 1
    if listing:
        print(";".join(str(out / name) for name in texts), end="")
    else:
        write(out, texts)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
