"""Writes the C++ structs of a schema file and the lists of fields that the visitors walk over."""

from model import ENDLESS, NONE, ALL, Versions

CPP_TYPES = {"bool": "bool", "int8": "std::int8_t", "int16": "std::int16_t", "uint16": "std::uint16_t", "int32": "std::int32_t",
             "uint32": "std::uint32_t", "int64": "std::int64_t", "float64": "double", "uuid": "Uuid", "string": "std::string",
             "bytes": "Buffer", "records": "Parts", "error": "ErrorCode"}
KEYWORDS = {"default", "operator", "class", "struct", "delete", "new", "namespace", "register", "template", "this", "union", "private",
            "public", "protected", "switch", "case", "export", "explicit", "friend", "goto", "int", "long", "short", "signed", "unsigned",
            "static", "typename", "using", "virtual", "void", "volatile", "and", "or", "not", "xor", "concept", "requires", "enum", "auto"}
INCLUDES = """#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/api_key.h"
#include "protocol/visitor.h"
"""


def cpp_name(name):
    return name + "_" if name in KEYWORDS else name


def cpp_versions(versions):
    return f"{{{versions.first}, {versions.last}}}"


def element_type(f):
    return CPP_TYPES.get(f.type, f.type)


def is_optional(f):
    return not f.nullable.empty() or f.type == "records"


def cpp_type(f):
    inner = element_type(f)
    if f.array:
        inner = f"std::vector<{inner}>"
    return f"std::optional<{inner}>" if is_optional(f) else inner


def initial(f):
    """The member's default, as Kafka has it."""
    if is_optional(f):
        if f.default == "null" or f.type == "records":
            return "std::nullopt"
        inner = element_type(f)
        return f"std::vector<{inner}>()" if f.array else f"{inner}()"
    if f.type == "bool" and not f.array:
        return f.default or "false"
    if f.type == "error" and not f.array:
        return "ErrorCode::None" if f.default is None else f"ErrorCode{{{f.default}}}"
    if not f.array and f.type in CPP_TYPES and f.type.lstrip("u").startswith("int"):
        return number_literal(f.default)
    return "{}"


def number_literal(text):
    if text is None:
        return "0"
    if text == str(-2**63):
        return "INT64_MIN"
    return text


def remark(f, message):
    """What a reader of the header wants to know beside the type."""
    parts = [f.doc.rstrip(".")] if f.doc else []
    versions = Versions(max(f.versions.first, message.versions.first), min(f.versions.last, message.versions.last))
    if versions != message.versions:
        parts.append(f"v{Versions(versions.first, ENDLESS) if versions.last == message.versions.last else versions}")
    if not f.nullable.empty() and f.nullable != f.versions:
        parts.append(f"null in v{f.nullable}")
    if f.tag is not None:
        parts.append(f"tag {f.tag}")
    parts += [word for word, on in (("ignorable", f.ignorable),) if on]
    return f"  ///< {', '.join(parts)}." if parts else ""


class StructWriter:
    """One message: the top struct, its nested ones, and their field lists."""

    def __init__(self, message, response=None):
        self.message, self.response = message, response
        self.tags = not message.flexible.empty()
        self.structs = message.structs()
        self.direct = set()
        self._collect_direct(message.fields)
        for struct in self.structs:
            self._collect_direct(struct.fields)

    def _collect_direct(self, fields):
        for f in fields:
            if f.is_struct() and not f.array:
                self.direct.add(f.type)

    # Header ----------------------------------------------------------------------------------------------------------

    def declaration(self):
        m = self.message
        lines = [f"/// {m.doc}"] if m.doc else []
        lines.append(f"struct {m.name} {{")
        if m.kind in ("request", "response"):
            lines.append(f"  static constexpr ApiKey kApiKey = ApiKey::{m.name[:-len(m.kind)]};")
        elif m.key is not None:
            lines.append(f"  static constexpr std::int16_t kApiKey = {m.key};")
        lines.append(f"  static constexpr Versions kVersions{cpp_versions(m.versions)};")
        lines.append(f"  static constexpr Versions kFlexible{'{0, -1}' if m.flexible == NONE else cpp_versions(m.flexible)};")
        lines.append("  static const StructOps kOps;")
        lines.append("  static const MessageInfo kInfo;")
        if self.response:
            lines.append(f"  using Response = {self.response};")
        for struct in self.structs:
            lines += ["", f"  struct {struct.name} {{", "    static const StructOps kOps;"]
            lines += self._members(struct.name, struct.fields, "    ")
            lines.append("  };")
        lines.append("")
        return lines + self._members(m.name, m.fields, "  ") + ["};"]

    def _members(self, name, fields, indent):
        lines = [f"{indent}{cpp_type(f)} {cpp_name(f.name)} = {initial(f)};{remark(f, self.message)}" for f in fields]
        if self.tags:
            lines.append(f"{indent}UnknownTaggedFields unknownTaggedFields = {{}};")
        lines.append(f"{indent}friend bool operator==(const {name}&, const {name}&) = default;")
        return lines

    # Source ----------------------------------------------------------------------------------------------------------

    def definition(self):
        m = self.message
        lines = []
        for struct in self.structs:
            lines += self._definition_of(f"{m.name}::{struct.name}", f"{m.name}_{struct.name}", struct.fields, struct.name in self.direct)
        lines += self._definition_of(m.name, m.name, m.fields, False)
        kind = "".join(part.capitalize() for part in m.kind.split("-"))
        lines += [
            f"constexpr MessageInfo {m.name}::kInfo{{",
            f'    "{m.name}", MessageKind::{kind}, {-1 if m.key is None else m.key}, {m.name}::kVersions, {m.name}::kFlexible, &{m.name}::kOps,',
            f"    []() -> void* {{ return new {m.name}(); }}, [](void* message) {{ delete static_cast<{m.name}*>(message); }},",
            f"    [](const void* a, const void* b) {{ return *static_cast<const {m.name}*>(a) == *static_cast<const {m.name}*>(b); }}}};",
            ""]
        return lines

    def _definition_of(self, cpp, plain, fields, direct):
        lines = ["namespace {"]
        lines += [f"constexpr Field k{plain}_{f.name}{{{self._field(f)}}};" for f in fields]
        tagged = sorted((f for f in fields if f.tag is not None), key=lambda f: f.tag)
        for function, members in (("fields", fields), ("taggedFields", tagged)):
            if members or function == "fields":
                lines.append("template <class Self, class V>")
                lines.append(f"void {function}Of{plain}([[maybe_unused]] Self& m, [[maybe_unused]] V& v) {{")
                lines += [f"  v.visit(k{plain}_{f.name}, m.{cpp_name(f.name)});" for f in members]
                lines.append("}")
        lines.append("}  // namespace")
        tags = f"[](void* self) {{ return &static_cast<{cpp}*>(self)->unknownTaggedFields; }}" if self.tags else "nullptr"
        same = f"[](const void* self) {{ return *static_cast<const {cpp}*>(self) == {cpp}(); }}" if direct else "nullptr"
        lines += [f"constexpr StructOps {cpp}::kOps{{",
                  "    " + self._walk(cpp, plain, "fields", "const "),
                  "    " + (self._walk(cpp, plain, "taggedFields", "const ") if tagged else "nullptr,"),
                  "    " + self._walk(cpp, plain, "fields", ""),
                  "    " + (self._walk(cpp, plain, "taggedFields", "") if tagged else "nullptr,"),
                  f"    {tags},", f"    {same}}};", ""]
        return lines

    @staticmethod
    def _walk(cpp, plain, function, const):
        visitor = "ConstVisitor" if const else "Visitor"
        return f"[]({const}void* self, {visitor}& v) {{ {function}Of{plain}(*static_cast<{const}{cpp}*>(self), v); }},"

    @staticmethod
    def _field(f):
        parts = [f'.name = "{f.name}"']
        for word, versions, usual in (("versions", f.versions, ALL), ("nullable", f.nullable, NONE), ("tagged", f.tagged, NONE),
                                      ("flexible", f.flexible or ALL, ALL)):
            if word == "flexible" and f.flexible is not None:
                versions = f.flexible
            if versions != usual:
                parts.append(f".{word} = {cpp_versions(versions)}")
        if f.tag is not None:
            parts.append(f".tag = {f.tag}")
        if f.ignorable:
            parts.append(".ignorable = true")
        if f.default == "null":
            parts.append(".defaultNull = true")
        elif f.default is not None:
            number = {"true": "1", "false": "0"}.get(f.default) or number_literal(f.default)
            parts.append(f".defaultNumber = {number}")
        return ", ".join(parts)


def writers(file):
    """A StructWriter per message of the file, responses first so that a request can name its own."""
    ordered = sorted(file.messages, key=lambda m: m.kind == "request")
    return [StructWriter(m, f"{file.api}Response" if m.kind == "request" else None) for m in ordered]


def header(source, found):
    lines = [f"// Generated by klamm_codegen.py from {source}. Do not edit.", "#pragma once", ""]
    lines += INCLUDES.split("\n") + ["namespace klamm::protocol {", ""]
    for writer in found:
        lines += writer.declaration() + [""]
    return "\n".join(lines + ["}  // namespace klamm::protocol", ""])


def source_file(source, includes, found):
    lines = [f"// Generated by klamm_codegen.py from {source}. Do not edit."]
    lines += [f'#include "{include}"' for include in includes] + ["", "namespace klamm::protocol {", ""]
    for writer in found:
        lines += writer.definition()
    return "\n".join(lines + ["}  // namespace klamm::protocol", ""])
