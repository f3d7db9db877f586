#!/usr/bin/env python3
"""Writes the cpp and c blocks of the pages as sources, when CMake configures:

    extract.py OUT       OUT/NAME_N.cc for each whole program and test, OUT/NAME.cc with all fragments of a page, OUT/NAME_N.c
    extract.py --list    a line for each of them, "KIND NAME", and "page NAME PATH" for each page with blocks

Lines keep their place: a compiler's message names the page. "localhost:9092" becomes the address of the broker at hand.
"""
import pathlib
import sys

import pages


def body_of(block):
    return f'#line {block.line} "{block.page}"\n' + block.code.replace('"localhost:9092"', "docs::servers()")


def fragment(block):
    """A fragment as a function; its includes go to the top of the file."""
    lines = body_of(block).split("\n")
    includes = [line for line in lines if line.startswith("#include")]
    body = "\n".join("" if line.startswith("#include") else line for line in lines)
    fixtures = "".join(f"  DOCS_{word.upper()}\n" for word in block.words if word in pages.FIXTURES)
    return includes, f"void block_{block.number}() {{\n  DOCS_COMMON\n{fixtures}  {{\n{body}  }}\n}}\n"


def c_program(block):
    code = block.code.replace('"localhost:9092"', 'getenv("DOCS_SERVERS")')
    return f'#include <stdlib.h>\n#line {block.line} "{block.page}"\n{code}'


def sources():
    """(kind, name, text) of every source."""
    for page in pages.pages():
        name, fragments = pages.name_of(page), []
        for block in pages.blocks_of(page):
            if block.language == "c" and not block.excuse:
                yield "c", f"{name}_{block.number}", c_program(block)
            if block.language != "cpp" or block.excuse == "not run":
                continue
            if block.kind == "fragment":
                fragments.append(block)
            else:
                yield block.kind, f"{name}_{block.number}", '#include "docs/servers.h"\n' + body_of(block)
        if fragments:
            parts = [fragment(block) for block in fragments]
            includes = sorted({line for lines, _ in parts for line in lines})
            table = "".join(f'  if (number == "{block.number}") return docs::run(block_{block.number});\n' for block in fragments)
            yield "fragments", name, "\n".join(["#include \"docs/fragment.h\"", *includes, "namespace {", *(text for _, text in parts), "}",
                                                "int main(int, char** argv) {\n  const std::string_view number = argv[1];\n" + table + "  return 2;\n}", ""])


def main():
    if sys.argv[1] == "--list":
        for kind, name, _ in sources():
            print(kind, name)
        for page in filter(pages.blocks_of, pages.pages()):
            print("page", pages.name_of(page), page)
        return
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    for kind, name, text in sources():
        file = out / f"{name}.{'c' if kind == 'c' else 'cc'}"
        if not file.is_file() or file.read_text(encoding="utf-8") != text:  # what stays the same is not built anew
            file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    except pages.PageError as error:
        sys.exit(str(error))
