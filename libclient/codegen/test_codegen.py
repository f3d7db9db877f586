#!/usr/bin/env python3
"""Tests of the parser, the generator and the comparison with Kafka. Run alone or by CTest."""

import copy
import pathlib
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import check_against_kafka  # noqa: E402
import import_from_kafka  # noqa: E402
import kafka_json  # noqa: E402
import klamm_codegen  # noqa: E402
from kdef_parser import Parser, schema_files  # noqa: E402
from model import SchemaError, Versions, snake  # noqa: E402

SCHEMA = HERE.parent / "schema"
API = "api 12 Heartbeat  versions 0-4  flexible 4+\nrequest\n{}\nresponse\n"


def parse(text):
    return Parser("x.kdef", "x", text).parse()


def parse_fields(*lines):
    return parse(API.format("\n".join("  " + line for line in lines))).messages[0].fields


class ParserReads(unittest.TestCase):
    def test_every_word_of_a_field(self):
        f, = parse_fields("names [string]?2+ 1+ tag 3 4+ topic key ignorable zerocopy flexible 4 = null   # What for.")
        self.assertEqual((f.name, f.type, f.array), ("names", "string", True))
        self.assertEqual((str(f.versions), str(f.nullable), f.tag, str(f.tagged)), ("1+", "2+", 3, "4+"))
        self.assertEqual((f.entity, f.map_key, f.ignorable, f.zero_copy), ("topic", True, True, True))
        self.assertEqual((str(f.flexible), f.default, f.doc), ("4", "null", "What for."))

    def test_short_forms(self):
        f, g = parse_fields("a string? 3+", "b int32")
        self.assertEqual(f.nullable, Versions(3, 32767))
        self.assertEqual((str(g.versions), g.nullable.empty(), g.tag, g.default), ("0+", True, None, None))

    def test_nesting_and_common_structs(self):
        file = parse(API.format("  struct Shared\n    x int32\n  list [Entry]\n    inner Shared\n    y int64\n  last bool"))
        request = file.messages[0]
        self.assertEqual([f.name for f in request.fields], ["list", "last"])
        self.assertEqual([s.name for s in request.structs()], ["Shared", "Entry"])

    def test_message_line_and_record_kinds(self):
        file = parse("metadata 3 PartitionRecord versions 0-2 flexible 0+\n  a int32\n\ndata Plain versions 1 flexible none\n  b int8\n")
        self.assertEqual([(m.kind, m.key, str(m.versions)) for m in file.messages], [("metadata", 3, "0-2"), ("data", None, "1")])
        api = parse(API.format("").replace("4+", "4+ listeners broker controller unstable")).messages[0]
        self.assertEqual((api.listeners, api.unstable), (["broker", "controller"], True))

    def test_a_retired_api_has_no_body(self):
        self.assertTrue(parse("api 4 LeaderAndIsr versions none").messages[0].versions.empty())


class ParserRefuses(unittest.TestCase):
    """Each fault names file and line."""

    def refused(self, text, line, words):
        with self.assertRaises(SchemaError) as caught:
            parse(text)
        self.assertRegex(str(caught.exception), rf"^x\.kdef:{line}: .*{words}")

    def field(self, text, words):
        self.refused(API.format("  " + text), 3, words)

    def test_faults_of_a_field(self):
        for text, words in (
                ("Name int32", "no field name"), ("name", "has no type"), ("name int33", "unknown type 'int33'"),
                ("name Missing", "unknown type 'Missing'"), ("name [int32", "is no type"), ("name int32 3-1", "before the first"),
                ("name int32? 0+", "cannot be nullable"), ("name int32 surprise", "unknown word 'surprise'"),
                ("name int8 = 128", "does not fit"), ("name int32 = x", "no number"), ("name bool = yes", "no bool"),
                ("name string = null", "not nullable"), ("name string = text", "only null"), ("name int32 =", "expected a value"),
                ("name int32 tag", "expected a number"), ("name int32 3+ tag 0", "not flexible"),
                ("name int32 4+ tag 0 3+", "does not exist"), ("name [bool]", "arrays of bool"), ("name int32 flexible", "flexible: expected")):
            with self.subTest(text):
                self.field(text, words)

    def test_faults_across_lines(self):
        self.refused(API.format("  a int32\n  a int64"), 4, "'a' stands twice")
        self.refused(API.format("  a int32 4+ tag 0\n  b int32 4+ tag 0"), 4, "tag 0 stands twice")
        self.refused(API.format("  a [S]\n    x int32\n  b [S]\n    x int32"), 5, "defined twice")
        self.refused(API.format("  a [S]\n    x int32\n    b [S]"), 5, "holds itself")
        self.refused(API.format("  a [S]\n    x int32 2+"), 3, "takes no bytes in version 0")
        self.refused(API.format("  a int32\n      b int32"), 4, "is no struct")
        self.refused(API.format("  a int32\n   b int32"), 4, "two blanks per level")
        self.refused(API.format("  a\tint32"), 3, "tabs")

    def test_faults_of_a_message(self):
        self.refused("api x Heartbeat versions 0", 1, "expected: api KEY")
        self.refused("api 1 Heartbeat versions 0 flexible none\nresponse\n", 2, "expected 'request'")
        self.refused("api 1 Heartbeat versions 0 flexible none\n", 1, "expected 'request'")
        self.refused("api 1 Heartbeat versions 0 listeners\nrequest\nresponse", 1, "listeners: expected")
        self.refused("something 1 X versions 0", 1, "unknown kind of message 'something'")
        self.refused("metadata PartitionRecord versions 0", 1, "expected: metadata KEY")
        self.refused("data lower versions 0", 1, "expected a name in capitals")

    def test_names_and_keys_that_two_files_claim(self):
        with tempfile.TemporaryDirectory() as directory:
            folder = pathlib.Path(directory)
            (folder / "01_a.kdef").write_text("api 1 A versions 0 flexible none\nrequest\nresponse\n")
            (folder / "02_b.kdef").write_text("api 1 B versions 0 flexible none\nrequest\nresponse\n")
            with self.assertRaisesRegex(SchemaError, r"02_b\.kdef:1: API key 1 is also used"):
                schema_files(folder)
            (folder / "02_b.kdef").write_text("api 2 A versions 0 flexible none\nrequest\nresponse\n")
            with self.assertRaisesRegex(SchemaError, r"02_b\.kdef:1: ARequest is also defined"):
                schema_files(folder)


class GeneratorWrites(unittest.TestCase):
    def setUp(self):
        self.texts = klamm_codegen.outputs(schema_files(SCHEMA))

    def test_one_header_and_one_source_per_api(self):
        headers = [name for name in self.texts if name.startswith("protocol/") and name[9].isdigit() and name.endswith(".h")]
        self.assertEqual(len(headers), 89)
        for name in headers:
            self.assertIn(name.replace(".h", ".cc"), self.texts)
        self.assertIn("protocol/records/offset_commit_value.h", self.texts)

    def test_members_with_kafkas_defaults(self):
        header = self.texts["protocol/12_heartbeat.h"]
        self.assertIn("std::optional<std::string> groupInstanceId = std::nullopt;  ///< v3+.", header)
        self.assertIn("using Response = HeartbeatResponse;", header)
        self.assertIn("ErrorCode errorCode = ErrorCode::None;", header)

    def test_only_files_whose_text_changed(self):
        with tempfile.TemporaryDirectory() as directory:
            folder = pathlib.Path(directory)
            klamm_codegen.write(folder, {"a": "1", "b": "1"})
            before = (folder / "a").stat().st_mtime_ns
            klamm_codegen.write(folder, {"a": "1", "b": "2"})
            self.assertEqual((folder / "a").stat().st_mtime_ns, before)
            self.assertEqual((folder / "b").read_text(), "2")

    def test_faults_on_stderr_and_in_the_exit_code(self):
        with tempfile.TemporaryDirectory() as directory:
            (pathlib.Path(directory) / "01_a.kdef").write_text("nonsense\n")
            self.assertEqual(klamm_codegen.main([directory, directory]), 1)
        self.assertEqual(klamm_codegen.main([]), 2)


class CheckFinds(unittest.TestCase):
    """Every attribute that somebody could change in a schema is noticed."""

    def setUp(self):
        self.ours = {m.name: m for file in schema_files(SCHEMA) for m in file.messages}
        self.theirs = copy.deepcopy(self.ours)

    def test_nothing_when_all_is_equal(self):
        summary, differences = check_against_kafka.compare(self.ours, self.theirs)
        self.assertEqual(differences, [])
        self.assertRegex(summary, r"^89 of 89 APIs, 90 records, 0 differences$")

    def test_a_missing_and_a_surplus_message(self):
        self.ours["Other"] = self.ours.pop("FetchRequest")
        summary, differences = check_against_kafka.compare(self.ours, self.theirs)
        self.assertIn("FetchRequest: missing in the schema", differences)
        self.assertIn("Other: Kafka has no such message", differences)
        self.assertTrue(summary.startswith("88 of 89 APIs"))

    def test_a_change_of_any_fact(self):
        values = {"array": True, "versions": Versions(7, 9), "nullable": Versions(7, 9), "default": "1234", "tag": 99, "tagged": Versions(7, 9),
                  "flexible": Versions(7, 9), "ignorable": True, "map_key": True, "zero_copy": True, "entity": "topic", "type": "bool",
                  "name": "other"}
        self.assertLessEqual(set(check_against_kafka.FIELD_FACTS), set(values))
        for fact, value in values.items():
            with self.subTest(fact):
                changed = copy.deepcopy(self.ours)
                setattr(changed["HeartbeatRequest"].fields[1], fact, value)
                self.assertTrue(check_against_kafka.compare(changed, self.theirs)[1])
        values = {"kind": "data", "key": 1, "versions": Versions(7, 9), "flexible": Versions(7, 9), "unstable": True, "listeners": ["controller"],
                  "commons": self.ours["AddPartitionsToTxnRequest"].commons}
        for fact, value in values.items():
            with self.subTest(fact):
                changed = copy.deepcopy(self.ours)
                setattr(changed["HeartbeatRequest"], fact, value)
                self.assertTrue(check_against_kafka.compare(changed, self.theirs)[1])

    def test_a_change_deep_inside_and_in_a_common_struct(self):
        changed = copy.deepcopy(self.ours)
        changed["ProduceRequest"].fields[3].fields[2].fields[0].ignorable = True
        self.assertRegex(check_against_kafka.compare(changed, self.theirs)[1][0],
                         r"^ProduceRequest\.topicData\.partitionData\.index: ignorable: schema True, Kafka False$")
        changed = copy.deepcopy(self.ours)
        changed["AddPartitionsToTxnRequest"].commons[0].fields[0].default = "null"
        self.assertTrue(check_against_kafka.compare(changed, self.theirs)[1])


class ImporterReads(unittest.TestCase):
    def test_unknown_attributes_stop_it(self):
        with self.assertRaisesRegex(ValueError, "unknown attributes"):
            kafka_json.read_field({"name": "A", "type": "int32", "versions": "0+", "novelty": 1})

    def test_the_text_null_is_a_default_and_a_bare_null_is_none(self):
        raw = {"name": "A", "type": "string", "versions": "0+", "nullableVersions": "0+", "default": "null"}
        self.assertEqual(kafka_json.read_field(raw).default, "null")
        self.assertIsNone(kafka_json.read_field({**raw, "default": None}).default)

    def test_what_it_writes_reads_back_equal(self):
        for file in schema_files(SCHEMA):
            for message in file.messages:
                if message.kind != "data":
                    continue
                text = "\n".join([import_from_kafka.head(message, "data", message.name)] + import_from_kafka.body_lines(message))
                self.assertEqual(check_against_kafka.compare({message.name: parse(text).messages[0]}, {message.name: message})[1], [])

    def test_file_names(self):
        self.assertEqual([snake(n) for n in ("OffsetCommitKey", "InitProducerId", "NoOpRecord")],
                         ["offset_commit_key", "init_producer_id", "no_op_record"])


if __name__ == "__main__":
    unittest.main()
