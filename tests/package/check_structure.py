#!/usr/bin/env python3
"""Holds the tree to its structure: includes go only downwards (layering.txt), files and functions stay short, drivers
alone touch clock, chance and sockets, every header has its guard.

usage: check_structure.py [SOURCE_ROOT]
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else __file__).resolve()
ROOT = ROOT if ROOT.is_dir() else ROOT.parents[2]
HERE = ROOT / "tests" / "package"
MAX_FILE, MAX_FUNCTION = 600, 60

# Seams: what only these files may call, because everybody else gets time, chance and the disk as an argument.
SEAMS = [
    (r"\b(steady_clock|system_clock)::now\(|\bclock_gettime\(|\bgettimeofday\(", ["libclient/src/base/clock.cc", "tools/", "examples/", "libclient/src/net/"]),
    (r"\brandom_device\b|\bmt19937|\brand\(\)", ["libclient/src/base/random.cc", "examples/"]),
    (r"(?<!\w)::(socket|connect|sendmsg|recvmsg|accept4?|epoll_\w+)\(", ["libclient/src/net/"]),
    (r"\bstd::(abort|exit|terminate)\(|\bassert\(", ["tools/", "examples/", "broker-ref/src/main.cc"]),
    (r"\bstd::(cout|cerr|clog)\b|\b(printf|puts|perror)\(", ["tools/", "examples/", "broker-ref/src/main.cc"]),
]


def exceptions():
    """Named exceptions to the length limits, each with its reason: PATH[:FUNCTION] reason."""
    found = {}
    for line in (HERE / "structure_exceptions.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            name, reason = line.split(maxsplit=1)
            found[name] = reason
    return found


def read_table():
    layers, only = {}, []
    for line in (HERE / "layering.txt").read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        left, right = (side.split() for side in line.split("->"))
        if left[0] == "only":
            only.append((left[1], right))
        else:
            layers[left[0]] = (left[1], set(right) | {left[0]})
    return layers, only


def sources():
    for folder in ("libclient", "broker-ref", "tools", "bindings", "examples"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".h", ".cc", ".def"):
                yield path.relative_to(ROOT).as_posix(), path.read_text()


def layer_of(path, layers):
    fits = [name for name, (folder, _) in layers.items() if path.startswith(folder + "/")]
    return max(fits, key=lambda name: len(layers[name][0]), default=None)


def included_layer(header, layers):
    if header.startswith("klamm/broker/"):
        return "broker_public"
    if header.startswith("klamm/"):
        return "public"
    first = header.split("/")[0]
    return first if first in layers else None


def check_includes(path, text, layers, only):
    layer = layer_of(path, layers)
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r'\s*#include\s*([<"])([^>"]+)[>"]', line)
        if not match:
            continue
        header = match[2]
        target = included_layer(header, layers)
        if layer and target and target not in layers[layer][1]:
            yield f"{path}:{number}: layer {layer} must not include {header} of layer {target}"
        for pattern, folders in only:
            if target is None and header.startswith(pattern) and not any(path.startswith(folder + "/") for folder in folders):
                yield f"{path}:{number}: {header} is for {', '.join(folders)} only"
        if layer == "public" and target is None and ("/" in header or header.endswith(".h")):
            yield f"{path}:{number}: a public header includes the standard library only, not {header}"


def check_seams(path, text):
    for pattern, allowed in SEAMS:
        if any(path.startswith(prefix) for prefix in allowed):
            continue
        for number, line in enumerate(text.splitlines(), 1):
            code = line.split("//")[0]
            if re.search(pattern, code):
                yield f"{path}:{number}: goes around a seam (time, chance, sockets, process): {code.strip()}"


FUNCTION = re.compile(r"^(\s*)(?!namespace\b)(?!.*\b(if|for|while|switch|namespace|class|struct|enum|catch|do|else)\b\s*[({:])(\S.*\)[^;{}=]*)\{$")


def check_lengths(path, text, allowed):
    lines = text.splitlines()
    if len(lines) > MAX_FILE and path not in allowed:
        yield f"{path}: {len(lines)} lines; a file has at most {MAX_FILE}"
    for number, line in enumerate(lines):
        match = None if line.lstrip().startswith("//") else FUNCTION.match(line)
        if not match:
            continue
        end = next((n for n in range(number + 1, len(lines)) if re.match(re.escape(match[1]) + r"\}", lines[n])), number)
        if end - number + 1 > MAX_FUNCTION:
            name = re.search(r"([\w:~]+)\s*\(", match[3])
            name = name[1] if name else match[3].strip()
            if f"{path}:{name}" not in allowed:
                yield f"{path}:{number + 1}: {name} has {end - number + 1} lines; a function has at most {MAX_FUNCTION}"


def main():
    layers, only = read_table()
    allowed = exceptions()
    problems, files = [], 0
    for path, text in sources():
        files += 1
        problems += check_includes(path, text, layers, only)
        problems += check_seams(path, text)
        problems += check_lengths(path, text, allowed)
        guard = re.search(r"^#ifndef (KLAMM\w*_H)\n#define \1$", text, re.M) if path.startswith("bindings/c/include/") else "#pragma once" in text
        if path.endswith(".h") and not guard:
            problems.append(f"{path}: has no guard")
    print("\n".join(problems))
    print(f"structure: {files} files, {len(problems)} problems")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
