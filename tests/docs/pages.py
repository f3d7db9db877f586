"""The code blocks of a Markdown page, and what their info strings ask for. docs/guide/README.md tells the rules to readers.

A fence is ```LANGUAGE WORDS...:

    cpp               compiled and run: a whole program if it has main(), a GoogleTest file if it has TEST(), else the body
                      of a function that sees what fragment.h gives it
    c, python         whole programs on the library for C
    sh, console       run by bash; in console a command begins with "$ ", what follows is what it prints
    text              what the block before prints: "..." in a line stands for anything, alone for any number of lines
    properties NAME   written to the file NAME
    any language      with "not run: REASON", or for cpp "compiled only: REASON"
"""
import dataclasses
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^```(.*)$")
EXCUSE = re.compile(r"^(.*?)\b(not run|compiled only): (\S.*)$")
FIXTURES = ("producer", "consumer", "admin")
WORDS = {"cpp": {*FIXTURES, "background"}, "c": set(), "python": set(), "sh": {"background", "broker"}, "console": set(), "text": set()}


class PageError(Exception):
    """A page that cannot be run; the message names page and line."""


@dataclasses.dataclass
class Block:
    page: str
    number: int  # of the block in its page, from 1
    line: int  # of its first line of code
    language: str
    words: list
    excuse: str  # "", "not run" or "compiled only"
    code: str
    output: str = None  # what the text block behind it says

    @property
    def kind(self):
        if self.language != "cpp":
            return self.language
        return "program" if re.search(r"\bint main\(", self.code) else "test" if re.search(r"^TEST(_F)?\(", self.code, re.M) else "fragment"

    @property
    def place(self):
        return f"{self.page}:{self.line}"


def pages():
    """Every page whose blocks are run, README.md first."""
    return ["README.md", *(path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "docs" / "guide").glob("*.md")))]


def name_of(page):
    """The name of a page in CTest entries and programs: README, guide_producer."""
    return page.removeprefix("docs/").removesuffix(".md").replace("/", "_")


def blocks_of(page, text=None):
    """Blocks of a page in order. Raises PageError for one that nothing would look at."""
    lines = ((ROOT / page).read_text(encoding="utf-8") if text is None else text).splitlines()
    blocks, at = [], 0
    while at < len(lines):
        fence = FENCE.match(lines[at])
        if not fence:
            if lines[at].startswith("    ") and (at == 0 or not lines[at - 1].strip()):
                raise PageError(f"{page}:{at + 1}: an indented block is not run; use a fence")
            if lines[at].lstrip().startswith("```"):
                raise PageError(f"{page}:{at + 1}: a fence begins in the first column")
            at += 1
            continue
        end = next((n for n in range(at + 1, len(lines)) if lines[n].startswith("```")), None)
        if end is None:
            raise PageError(f"{page}:{at + 1}: the block has no end")
        code = "\n".join(lines[at + 1:end]) + "\n"
        add(blocks, checked(Block(page, len(blocks) + 1, at + 2, *info_of(fence[1]), code)))
        at = end + 1
    return blocks


def info_of(info):
    excuse = ""
    if match := EXCUSE.match(info):
        info, excuse = match[1], match[2]
    language, *words = info.split() or [""]
    return language, words, excuse


def checked(block):
    if block.excuse == "not run" or (block.excuse and block.language == "cpp"):
        return block
    if block.language == "properties" and len(block.words) == 1:
        return block
    if block.language not in WORDS:
        raise PageError(f"{block.place}: '{block.language}' is not run; say why behind 'not run:', or use cpp, c, python, sh, console, text or properties NAME")
    if wrong := set(block.words) - WORDS[block.language]:
        raise PageError(f"{block.place}: {block.language} does not know the word {sorted(wrong)[0]}")
    return block


def add(blocks, block):
    """A text block belongs to the block before it."""
    if block.language == "text" and not block.excuse:
        if not blocks or blocks[-1].output is not None or blocks[-1].excuse or blocks[-1].language not in ("cpp", "c", "python", "sh"):
            raise PageError(f"{block.place}: a text block tells what the program or sh block before it prints")
        blocks[-1].output = block.code
    else:
        blocks.append(block)


def matches(expected, printed):
    """Whether a program printed what a page says: "..." in a line is anything, "..." alone any number of lines."""
    parts = []
    for line in expected.splitlines():
        if line.strip() == "...":
            parts.append(r"(?:[^\n]*\n)*?")
        else:
            parts.append(r"[^\n]*?".join(re.escape(piece) for piece in line.rstrip().split("...")) + r"[ \t]*\n")
    return re.fullmatch("".join(parts), printed if printed.endswith("\n") or not printed else printed + "\n") is not None
