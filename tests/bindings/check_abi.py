#!/usr/bin/env python3
"""What the library for C shows to the world:  check_abi.py LIBRARY LAYOUT_PROGRAM

Exactly the functions of the header under their symbol version, as abi.txt lists them; structs whose fields stand where they
stood (layout.txt, which the program of layout.c prints); an error code for each row of errors.def. Taking a line out of abi.txt
or layout.txt breaks programs that are compiled already: it needs a new SOVERSION.
"""
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
HEADERS = ROOT / "bindings" / "c" / "include"


def exported(library):
    """name@@VERSION of all that others may link to, but the version itself."""
    out = subprocess.run(["nm", "-D", "--defined-only", library], check=True, capture_output=True, text=True).stdout
    return {words[2] for words in map(str.split, out.splitlines()) if words[1] != "A"}


def header():
    return re.sub(r"/\*.*?\*/", "", (HEADERS / "klamm.h").read_text(), flags=re.S)


def declared():
    return set(re.findall(r"^KLAMM_API [^;()]*?(klamm_\w+)\(", header(), re.M))


def fields():
    structs = re.findall(r"typedef struct klamm_\w+ \{(.*?)\} (klamm_\w+_t);", header(), re.S)
    return {f"{name}.{field}" for body, name in structs for field in re.findall(r"(\w+);", body)}


def error_codes():
    return dict(re.findall(r"^  KLAMM_(\w+) = (-?\d+)", (HEADERS / "klamm_errors.h").read_text(), re.M))


def known_errors():
    rows = re.findall(r'^KLAMM_ERROR(?:_AGAIN)?\((-?\d+), \w+, "(\w+)"', (ROOT / "libclient/include/klamm/errors.def").read_text(), re.M)
    return {"OK" if name == "NONE" else name: code for code, name in rows}


def difference(what, ours, theirs):
    return [f"{what}: only here: {sorted(ours - theirs)}; only there: {sorted(theirs - ours)}"] if ours != theirs else []


def main():
    library, layout = sys.argv[1:]
    listed = set((HERE / "abi.txt").read_text().split())
    shown = exported(library)
    problems = difference("exported symbols and abi.txt", shown, listed)
    problems += difference("exported symbols and klamm.h", {name.split("@")[0] for name in shown}, declared())
    needed = subprocess.run(["readelf", "-d", library], check=True, capture_output=True, text=True).stdout
    if "Library soname: [libklamm-c.so.1]" not in needed:
        problems.append("the soname is not libklamm-c.so.1")
    printed = subprocess.run([layout], check=True, capture_output=True, text=True).stdout.splitlines()
    problems += difference("layout of structs and layout.txt", set(printed), set((HERE / "layout.txt").read_text().splitlines()))
    problems += difference("fields of klamm.h and layout.c", fields(), {line.split()[0] for line in printed})
    own = {"OUT_OF_MEMORY": "-1101", "UNEXPECTED": "-1102"}
    problems += difference("klamm_errors.h and errors.def", set(error_codes().items()), set((known_errors() | own).items()))
    print("\n".join(problems) or f"{len(shown)} functions, {len(printed)} fields, {len(error_codes())} error codes: as they were")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
