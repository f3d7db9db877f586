#!/usr/bin/env python3
"""Prints the program that the comment on top of klamm.h shows:  header_example.py HEADER"""
import pathlib
import re
import sys

text = pathlib.Path(sys.argv[1]).read_text()
print(re.search(r"^ \*     #include <klamm.h>.*?^ \*     }$", text, re.S | re.M)[0].replace("\n *     ", "\n").replace("\n *\n", "\n\n").removeprefix(" *     "))
