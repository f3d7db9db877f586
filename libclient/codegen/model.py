"""What a schema file says, in memory: the common ground of parser, generator, importer and check."""

from dataclasses import dataclass, field
from typing import List, Optional

ENDLESS = 32767
PRIMITIVES = ("bool", "int8", "int16", "uint16", "int32", "uint32", "int64", "float64", "uuid", "string", "bytes", "records", "error")
INTEGERS = {"int8": (-2**7, 2**7 - 1), "int16": (-2**15, 2**15 - 1), "uint16": (0, 2**16 - 1), "int32": (-2**31, 2**31 - 1),
            "uint32": (0, 2**32 - 1), "int64": (-2**63, 2**63 - 1), "error": (-2**15, 2**15 - 1)}
# The word in a schema line -> Kafka's entityType.
ENTITIES = {"topic": "topicName", "group": "groupId", "broker": "brokerId", "producer": "producerId", "transaction": "transactionalId"}


class SchemaError(Exception):
    """A fault in a schema file; prints as `file:line: message`."""

    def __init__(self, path, line, message):
        super().__init__(f"{path}:{line}: {message}")


@dataclass(frozen=True)
class Versions:
    """`3`, `0-2`, `3+` or `none` (first > last)."""
    first: int
    last: int

    @staticmethod
    def parse(text):
        if text == "none":
            return NONE
        if text.endswith("+"):
            return Versions(int(text[:-1]), ENDLESS)
        first, _, last = text.partition("-")
        versions = Versions(int(first), int(last or first))
        if versions.first > versions.last:
            raise ValueError(text)
        return versions

    def __str__(self):
        if self.empty():
            return "none"
        if self.last == ENDLESS:
            return f"{self.first}+"
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"

    def empty(self):
        return self.first > self.last

    def within(self, other):
        return self.empty() or (other.first <= self.first and self.last <= other.last)


NONE = Versions(0, -1)
ALL = Versions(0, ENDLESS)


@dataclass
class Field:
    name: str                       # lower camel case
    type: str                       # a primitive or the name of a struct
    line: int = 0
    array: bool = False
    versions: Versions = ALL
    nullable: Versions = NONE
    default: Optional[str] = None   # None: the zero of the type; "null", "true", a number, or a text
    tag: Optional[int] = None
    tagged: Versions = NONE
    flexible: Optional[Versions] = None
    ignorable: bool = False
    map_key: bool = False
    zero_copy: bool = False
    entity: Optional[str] = None    # a key of ENTITIES
    doc: str = ""
    fields: Optional[List["Field"]] = None  # of the struct that this field defines

    def is_struct(self):
        return self.type not in PRIMITIVES


@dataclass
class Struct:
    name: str
    line: int
    versions: Versions
    fields: List[Field]


@dataclass
class Message:
    kind: str                       # request response header data metadata coordinator-key coordinator-value
    name: str                       # Kafka's: ProduceRequest, OffsetCommitKey
    line: int = 0
    key: Optional[int] = None
    versions: Versions = ALL
    flexible: Versions = NONE
    listeners: List[str] = field(default_factory=list)
    unstable: bool = False
    fields: List[Field] = field(default_factory=list)
    commons: List[Struct] = field(default_factory=list)
    doc: str = ""

    def structs(self):
        """Every struct below the message, inner ones before those that hold them."""
        found, by_name, done = [], {}, set()

        def collect(fields):
            for f in fields:
                if f.fields is not None:
                    by_name[f.type] = Struct(f.type, f.line, f.versions, f.fields)
                    collect(f.fields)

        def place(fields):
            for f in fields:
                if f.is_struct() and f.type not in done and f.type in by_name:
                    done.add(f.type)
                    place(by_name[f.type].fields)
                    found.append(by_name[f.type])

        for common in self.commons:
            by_name[common.name] = common
            collect(common.fields)
        collect(self.fields)
        place(self.fields)
        return found


@dataclass
class SchemaFile:
    path: str
    stem: str
    api: Optional[str] = None       # the name of the API, when the file holds one
    messages: List[Message] = field(default_factory=list)


def snake(name):
    """OffsetCommitKey -> offset_commit_key."""
    out = ""
    for i, c in enumerate(name):
        if c.isupper() and i > 0 and (not name[i - 1].isupper() or (i + 1 < len(name) and name[i + 1].islower())):
            out += "_"
        out += c.lower()
    return out
