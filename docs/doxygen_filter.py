#!/usr/bin/env python3
"""What Doxygen reads in place of a header: without attributes that it does not know, and with the rows of errors.def and
config.def as the declarations that the compiler makes of them, each with its sentence.

usage: doxygen_filter.py HEADER
"""
import pathlib
import re
import sys

# By the last words of the macro that a header defines around its #include: what one row becomes. Fields as in the .def file.
FORMS = {
    "error.h": lambda row: f"  {row[1]} = {row[0]},  ///< {row[2]}: {row[5]}",
    "exceptions.h": lambda row: None if row[3] == "KafkaException" else f"/// {row[2]}: {row[5]}\nusing {row[3]} = CodedException<ErrorCode::{row[1]}, {row[4]}>;",
    "config_keys.h": lambda row: f"/// {row[2]}: {row[8]}\ninline constexpr ConfigKey<{row[4]}> {row[1]}{{\"{row[2]}\"}};",
}
FIRST_ONLY = {"exceptions.h", "config_keys.h"}  # a _AGAIN row declares nothing there


def rows(table, with_again):
    """The arguments of each row, strings without their quotes."""
    for match in re.finditer(r"^KLAMM_(?:ERROR|CONFIG)(_AGAIN)?\((.*?)\)$", table, re.M | re.S):
        if match.group(1) and not with_again:
            continue
        fields, depth, field, quoted = [], 0, "", False
        for c in match.group(2):
            quoted ^= c == '"'
            depth += 0 if quoted else (c in "(<") - (c in ")>")
            if c == "," and depth == 0 and not quoted:
                fields.append(field.strip())
                field = ""
            elif c != '"':
                field += c
        yield [*fields, field.strip()]


def main():
    path = pathlib.Path(sys.argv[1])
    text = path.read_text().replace('[[gnu::visibility("default")]] ', "")
    if path.name in FORMS:
        def expanded(match):
            table = (path.parent / match.group(1)).read_text()
            lines = [FORMS[path.name](row) for row in rows(table, path.name not in FIRST_ONLY)]
            return "\n".join(line for line in lines if line) + "\n"
        text = re.sub(r"#define KLAMM_(?:ERROR|CONFIG)\(.*?#include <klamm/(\w+\.def)>\n", expanded, text, count=1, flags=re.S)
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
