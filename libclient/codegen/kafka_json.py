"""Reads the message definitions inside Kafka's jars into the model."""

import json
import pathlib
import zipfile

from model import ALL, ENTITIES, Field, INTEGERS, Message, NONE, Struct, Versions

LEFT_OUT = ("RemoteLogSegmentMetadataRecord", "RemoteLogSegmentMetadataUpdateRecord",
            "RemoteLogSegmentMetadataSnapshotRecord", "RemotePartitionDeleteMetadataRecord")
# What the instances of a Kafka Streams application tell one another: no client and no broker reads it.
JARS_LEFT_OUT = "kafka-streams-"
FIELD_KEYS = {"name", "type", "versions", "about", "default", "fields", "nullableVersions", "entityType", "ignorable", "mapKey",
              "tag", "taggedVersions", "zeroCopy", "flexibleVersions"}
MESSAGE_KEYS = {"type", "name", "apiKey", "validVersions", "flexibleVersions", "fields", "listeners", "commonStructs",
                "latestVersionUnstable"}


def lower_first(name):
    return name[0].lower() + name[1:]


def default_of(raw, f):
    """The default in the model's form: None where it is the zero of the type anyway."""
    value = raw.get("default")
    if value is None:  # a bare null in the JSON is no default at all to Kafka's generator; the text "null" is one
        return None
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if text == "null":
        return "null"
    if f.array or f.is_struct() or f.type in ("string", "bytes", "records", "uuid"):
        if text:
            raise ValueError(f"{f.name}: no word for the default '{text}'")
        return None
    if f.type == "bool":
        return None if text == "false" else text
    if f.type in INTEGERS:
        return None if int(text, 0) == 0 else str(int(text, 0))
    if float(text) != 0:
        raise ValueError(f"{f.name}: no word for the default '{text}'")
    return None


def read_field(raw):
    unknown = set(raw) - FIELD_KEYS
    if unknown:
        raise ValueError(f"field {raw.get('name')}: unknown attributes {sorted(unknown)}")
    kind = raw["type"]
    array = kind.startswith("[]")
    kind = kind[2:] if array else kind
    f = Field(name=lower_first(raw["name"]), type=kind, array=array)
    f.versions = Versions.parse(raw.get("versions") or raw["taggedVersions"])
    if f.type == "int16" and not array and raw["name"].endswith("ErrorCode"):
        f.type = "error"
    f.nullable = Versions.parse(raw["nullableVersions"]) if "nullableVersions" in raw else NONE
    f.tagged = Versions.parse(raw["taggedVersions"]) if "taggedVersions" in raw else NONE
    f.tag = raw.get("tag")
    f.flexible = Versions.parse(raw["flexibleVersions"]) if "flexibleVersions" in raw else None
    f.ignorable = raw.get("ignorable", False)
    f.map_key = raw.get("mapKey", False)
    f.zero_copy = raw.get("zeroCopy", False)
    if "entityType" in raw:
        f.entity = {kafka: word for word, kafka in ENTITIES.items()}[raw["entityType"]]
    if "fields" in raw:
        f.fields = [read_field(inner) for inner in raw["fields"]]
    f.default = default_of(raw, f)
    return f


def read_message(raw):
    unknown = set(raw) - MESSAGE_KEYS
    if unknown:
        raise ValueError(f"unknown attributes {sorted(unknown)}")
    message = Message(kind=raw["type"], name=raw["name"], key=raw.get("apiKey"), versions=Versions.parse(raw["validVersions"]))
    message.flexible = Versions.parse(raw.get("flexibleVersions", "none"))
    message.listeners = raw.get("listeners", [])
    message.unstable = raw.get("latestVersionUnstable", False)
    message.fields = [read_field(f) for f in raw.get("fields", [])]
    for common in raw.get("commonStructs", []):
        message.commons.append(Struct(common["name"], 0, Versions.parse(common.get("versions", "0+")),
                                      [read_field(f) for f in common["fields"]]))
    return message


def texts(directory):
    """(where, text) of every message definition in the jars of `directory`, or in a tree of unpacked jars."""
    jars = sorted(jar for jar in directory.glob("*.jar") if not jar.name.startswith(JARS_LEFT_OUT))
    for jar in jars:
        with zipfile.ZipFile(jar) as archive:
            for name in sorted(archive.namelist()):
                if name.endswith(".json") and ("message/" in name or "metadata/" in name):
                    yield f"{jar.name}!{name}", archive.read(name).decode("utf-8")
    if not jars:
        for path in sorted(directory.rglob("*.json")):
            yield str(path), path.read_text(encoding="utf-8")


def kafka_messages(directory: pathlib.Path):
    """Kafka's messages by name, without those of tiered storage."""
    messages = {}
    for where, text in texts(directory):
        raw = json.loads("\n".join(line for line in text.split("\n") if not line.strip().startswith("//")))
        if not isinstance(raw, dict) or "validVersions" not in raw:
            continue
        try:
            message = read_message(raw)
        except (ValueError, KeyError) as error:
            raise SystemExit(f"{where}: {error}") from error
        if message.name in LEFT_OUT:
            continue
        if message.name in messages:
            raise SystemExit(f"{where}: {message.name} is defined twice")
        messages[message.name] = message
    return messages
