#!/usr/bin/env python3
"""A launcher of compilers, for CMAKE_CXX_COMPILER_LAUNCHER: of Klamm's own sources it gives the objects of a tree that was built
already, all others are compiled. Of Klamm's own too what the tree compiled with other definitions (-D).

usage: reuse_objects.py TREE COMPILER ARGS...
"""
import json
import os
import sys


def name_of(source):
    """What a source of Klamm, be it generated, is called in any tree; "" of others."""
    for part in ("/libclient/", "/broker-ref/"):
        if part in source:
            return source[source.rindex(part):]
    return ""


def definitions(words):
    return {word for word in words if word.startswith("-D")}


def built(tree, source, command):
    name = name_of(source)
    with open(os.path.join(tree, "compile_commands.json")) as commands:
        for entry in json.load(commands) if name else ():
            words = entry["command"].split()
            if entry["file"].endswith(name) and definitions(words) == definitions(command):
                return os.path.join(entry["directory"], words[words.index("-o") + 1])
    return ""


def main():
    tree, *command = sys.argv[1:]
    if "-c" in command:
        source, target, depends = (command[command.index(option) + 1] for option in ("-c", "-o", "-MF"))
        found = built(tree, source, command)
        if os.path.exists(found):
            with open(found, "rb") as there, open(target, "wb") as here, open(depends, "w") as rule:
                here.write(there.read())
                rule.write(f"{target}: {source}\n")
            return
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
