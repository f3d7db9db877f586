"""Reads .kdef files (grammar: ../schema/README.md) into the model."""

import re

from model import ALL, ENTITIES, Field, INTEGERS, Message, NONE, PRIMITIVES, SchemaError, SchemaFile, Struct, Versions

VERSIONS = re.compile(r"^(none|\d+(\+|-\d+)?)$")
TYPE = re.compile(r"^(\[)?([A-Za-z][A-Za-z0-9]*)(?(1)\])(\?(none|\d+(?:\+|-\d+)?)?)?$")
NAME = re.compile(r"^[a-z][A-Za-z0-9]*$")
TYPE_NAME = re.compile(r"^[A-Z][A-Za-z0-9]*$")
RECORD_KINDS = ("header", "data", "metadata", "coordinator-key", "coordinator-value")
KEYED_KINDS = ("metadata", "coordinator-key", "coordinator-value")
LISTENERS = ("broker", "controller")
MAX_DEPTH = 12  # the visitors keep a path of bounded length


class _Line:
    def __init__(self, number, indent, words, doc):
        self.number, self.indent, self.words, self.doc = number, indent, words, doc


class Parser:
    """One file. Lines nest by indentation; the words of a line are read from left to right."""

    def __init__(self, path, stem, text):
        self.path = path
        self.lines = []
        self.at = 0
        self.file = SchemaFile(path=path, stem=stem)
        doc = []
        for number, raw in enumerate(text.split("\n"), 1):
            if "\t" in raw:
                self.fail(number, "tabs are not allowed: indent by two blanks")
            body, doc_here = self._split_comment(raw)
            if not body.strip():
                doc = doc + [doc_here] if raw.strip() else []
                continue
            indent = len(body) - len(body.lstrip(" "))
            if indent % 2:
                self.fail(number, "indentation is two blanks per level")
            self.lines.append(_Line(number, indent // 2, body.split(), " ".join(doc + ([doc_here] if doc_here else []))))
            doc = []

    @staticmethod
    def _split_comment(raw):
        match = re.search(r"(^|\s)#", raw)
        return (raw, "") if match is None else (raw[:match.start()], raw[match.end():].strip())

    def fail(self, line, message):
        raise SchemaError(self.path, line, message)

    def parse(self):
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if line.indent != 0:
                self.fail(line.number, "expected a message at the start of the line")
            if line.words[0] == "api":
                self._api(line)
            elif line.words[0] in RECORD_KINDS:
                self._record(line)
            else:
                self.fail(line.number, f"unknown kind of message '{line.words[0]}': expected api, " + ", ".join(RECORD_KINDS))
        return self.file

    # Messages ------------------------------------------------------------------------------------------------------

    def _message_words(self, line, words, message):
        while words:
            word = words.pop(0)
            if word == "versions":
                message.versions = self._versions(line, words, "versions")
            elif word == "flexible":
                message.flexible = self._versions(line, words, "flexible")
            elif word == "listeners":
                while words and words[0] in LISTENERS:
                    message.listeners.append(words.pop(0))
                if not message.listeners:
                    self.fail(line.number, "listeners: expected broker, controller or both")
            elif word == "unstable":
                message.unstable = True
            else:
                self.fail(line.number, f"unknown word '{word}' in a message line")

    def _api(self, line):
        words = line.words[1:]
        if len(words) < 2 or not words[0].isdigit() or not TYPE_NAME.match(words[1]):
            self.fail(line.number, "expected: api KEY Name versions V flexible V")
        key, name = int(words[0]), words[1]
        base = Message(kind="api", name=name, line=line.number, key=key)
        self._message_words(line, words[2:], base)
        self.file.api = name
        self.at += 1
        for kind in ("request", "response"):
            message = Message(kind=kind, name=name + kind.capitalize(), line=line.number, key=key, versions=base.versions,
                              flexible=base.flexible, doc=line.doc)
            if kind == "request":
                message.listeners, message.unstable = base.listeners, base.unstable
            if not base.versions.empty():
                head = self.lines[self.at] if self.at < len(self.lines) else None
                if head is None or head.indent != 0 or head.words[0] != kind:
                    self.fail(head.number if head else line.number, f"expected '{kind}'")
                self.at += 1
                self._body(message, head)
            self.file.messages.append(message)

    def _record(self, line):
        kind, words = line.words[0], line.words[1:]
        message = Message(kind=kind, name="", line=line.number, doc=line.doc)
        if kind in KEYED_KINDS:
            if not words or not words[0].isdigit():
                self.fail(line.number, f"expected: {kind} KEY Name versions V flexible V")
            message.key = int(words.pop(0))
        if not words or not TYPE_NAME.match(words[0]):
            self.fail(line.number, f"expected a name in capitals after '{kind}'")
        message.name = words.pop(0)
        self._message_words(line, words, message)
        self.at += 1
        self._body(message, line)
        self.file.messages.append(message)

    def _body(self, message, head):
        while self.at < len(self.lines) and self.lines[self.at].indent > 0:
            line = self.lines[self.at]
            if line.indent == 1 and line.words[0] == "struct":
                message.commons.append(self._common(line))
            else:
                message.fields += self._fields(1)
        Checks(self, message).run()
        del head

    def _common(self, line):
        words = line.words[1:]
        if not words or not TYPE_NAME.match(words[0]):
            self.fail(line.number, "expected: struct Name [VERSIONS]")
        name = words.pop(0)
        versions = self._versions(line, words, "struct") if words else ALL
        if words:
            self.fail(line.number, f"unknown word '{words[0]}'")
        self.at += 1
        return Struct(name, line.number, versions, self._fields(2))

    # Fields --------------------------------------------------------------------------------------------------------

    def _fields(self, indent):
        fields = []
        if indent > MAX_DEPTH:
            self.fail(self.lines[self.at].number, f"nested deeper than {MAX_DEPTH}")
        while self.at < len(self.lines) and self.lines[self.at].indent >= indent:
            line = self.lines[self.at]
            if line.indent == 1 and line.words[0] == "struct":
                break
            if line.indent > indent:
                self.fail(line.number, "indented too deep")
            f = self._field(line)
            self.at += 1
            if self.at < len(self.lines) and self.lines[self.at].indent > indent:
                if not f.is_struct():
                    self.fail(self.lines[self.at].number, f"'{f.name}' is no struct: it has no fields")
                f.fields = self._fields(indent + 1)
            fields.append(f)
        return fields

    def _field(self, line):
        words = list(line.words)
        name = words.pop(0)
        if not NAME.match(name):
            self.fail(line.number, f"'{name}' is no field name (lower camel case)")
        if not words:
            self.fail(line.number, f"'{name}' has no type")
        match = TYPE.match(words[0])
        if not match:
            self.fail(line.number, f"'{words[0]}' is no type")
        words.pop(0)
        f = Field(name=name, type=match.group(2), line=line.number, array=bool(match.group(1)), doc=line.doc)
        if not f.is_struct() or TYPE_NAME.match(f.type):
            pass
        else:
            self.fail(line.number, f"unknown type '{f.type}'")
        if words and VERSIONS.match(words[0]):
            f.versions = self._versions(line, words, name)
        if match.group(3):
            f.nullable = self._versions(line, [match.group(4)], name) if match.group(4) else f.versions
        self._field_words(line, words, f)
        return f

    def _field_words(self, line, words, f):
        while words:
            word = words.pop(0)
            if word == "ignorable":
                f.ignorable = True
            elif word == "key":
                f.map_key = True
            elif word == "zerocopy":
                f.zero_copy = True
            elif word in ENTITIES:
                f.entity = word
            elif word == "flexible":
                f.flexible = self._versions(line, words, "flexible")
            elif word == "tag":
                if not words or not words[0].isdigit():
                    self.fail(line.number, "tag: expected a number")
                f.tag = int(words.pop(0))
                f.tagged = self._versions(line, words, "tag") if words and VERSIONS.match(words[0]) else f.versions
            elif word == "=":
                if not words:
                    self.fail(line.number, "expected a value after '='")
                f.default = words.pop(0)
            else:
                self.fail(line.number, f"unknown word '{word}'")

    def _versions(self, line, words, what):
        if not words or not VERSIONS.match(words[0]):
            self.fail(line.number, f"{what}: expected versions like 3, 0-2, 3+ or none")
        try:
            return Versions.parse(words.pop(0))
        except ValueError:
            self.fail(line.number, f"{what}: the last version lies before the first")


class Checks:
    """Rules that hold across the lines of one message."""

    def __init__(self, parser, message):
        self.fail, self.message = parser.fail, message

    def run(self):
        message, defined = self.message, {}

        def define(name, line):
            if name in defined:
                self.fail(line, f"struct {name} is defined twice (first in line {defined[name]}); use 'struct' for a common one")
            defined[name] = line

        def collect(fields):
            for f in fields:
                if f.fields is not None:
                    define(f.type, f.line)
                    collect(f.fields)

        for common in message.commons:
            define(common.name, common.line)
            collect(common.fields)
        collect(message.fields)
        self._list(message.fields, defined)
        for common in message.commons:
            self._list(common.fields, defined)
        self._cycles()
        for fields in [message.fields] + [s.fields for s in message.structs()]:
            for f in fields:
                if f.array and f.is_struct():
                    self._elements_take_bytes(f)

    def _elements_take_bytes(self, f):
        """The decoder holds the number of elements against the bytes that remain, so each must take at least one."""
        inner = next(s.fields for s in self.message.structs() if s.name == f.type)
        for version in range(self.message.versions.first, self.message.versions.last + 1):
            at = Versions(version, version)
            if at.within(f.versions) and not at.within(self.message.flexible):
                if not any(at.within(x.versions) and not at.within(x.tagged) for x in inner):
                    self.fail(f.line, f"an element of '{f.name}' takes no bytes in version {version}")

    def _list(self, fields, defined):
        names, tags = set(), set()
        for f in fields:
            if f.name in names:
                self.fail(f.line, f"field '{f.name}' stands twice")
            names.add(f.name)
            if f.tag is not None:
                if f.tag in tags:
                    self.fail(f.line, f"tag {f.tag} stands twice")
                tags.add(f.tag)
            self._one(f, defined)
            if f.fields is not None:
                self._list(f.fields, defined)

    def _one(self, f, defined):
        if f.is_struct() and f.type not in defined:
            self.fail(f.line, f"unknown type '{f.type}'")
        if f.array and f.type in ("bool", "records", "bytes", "float64", "error"):
            self.fail(f.line, f"arrays of {f.type} are not supported")
        if not f.nullable.empty() and not (f.array or f.is_struct() or f.type in ("string", "bytes", "records")):
            self.fail(f.line, f"{f.type} cannot be nullable")
        if not f.tagged.within(f.versions):
            self.fail(f.line, "tagged in versions in which the field does not exist")
        if not f.tagged.empty() and not Versions(f.tagged.first, f.tagged.first).within(self.message.flexible):
            self.fail(f.line, "tagged in a version that is not flexible")
        if f.default is not None:
            self._default(f)

    def _default(self, f):
        value = f.default
        if value == "null":
            if f.nullable.empty():
                self.fail(f.line, "the default is null but the field is not nullable")
        elif f.array or f.is_struct() or f.type in ("string", "bytes", "records", "uuid", "float64"):
            self.fail(f.line, f"default '{value}': only null can be the default of this type")
        elif f.type == "bool":
            if value not in ("true", "false"):
                self.fail(f.line, f"default '{value}' is no bool")
        else:
            try:
                number = int(value, 0)
            except ValueError:
                self.fail(f.line, f"default '{value}' is no number")
            low, high = INTEGERS[f.type]
            if not low <= number <= high:
                self.fail(f.line, f"default {value} does not fit into {f.type}")

    def _cycles(self):
        holds = {}

        def collect(name, fields):
            holds.setdefault(name, {})
            for f in fields:
                if f.is_struct():
                    holds[name][f.type] = f.line
                if f.fields is not None:
                    collect(f.type, f.fields)

        for common in self.message.commons:
            collect(common.name, common.fields)
        collect(None, self.message.fields)

        def walk(name, above):
            for inner, line in holds.get(name, {}).items():
                if inner in above:
                    self.fail(line, f"struct {inner} holds itself")
                walk(inner, above + [inner])

        for name in list(holds):
            walk(name, [name])


def parse_file(path):
    with open(path, encoding="utf-8") as f:
        text = f.read()
    return Parser(str(path), path.stem, text).parse()


def schema_files(directory):
    """The .kdef files below `directory`, parsed, in a fixed order; keys and names are unique."""
    files = [parse_file(path) for path in sorted(directory.glob("*.kdef")) + sorted((directory / "records").glob("*.kdef"))]
    names, keys = {}, {}
    for file in files:
        for message in file.messages:
            if message.name in names:
                raise SchemaError(file.path, message.line, f"{message.name} is also defined in {names[message.name]}")
            names[message.name] = file.path
            if message.kind == "request":
                if message.key in keys:
                    raise SchemaError(file.path, message.line, f"API key {message.key} is also used in {keys[message.key]}")
                keys[message.key] = file.path
    return files
