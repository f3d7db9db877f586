#!/usr/bin/env python3
"""The rules by which pages are run: nothing slips through, and wrong output is seen."""
import re
import unittest

import pages


def blocks(text):
    return pages.blocks_of("page.md", text)


class Rules(unittest.TestCase):
    def refused(self, text, why):
        with self.assertRaisesRegex(pages.PageError, why):
            blocks(text)

    def test_a_block_knows_its_place_and_kind(self):
        program, test, fragment = blocks("# A\n```cpp\nint main() {}\n```\n```cpp\nTEST(A, B) {}\n```\n```cpp consumer\nuse(consumer);\n```\n")
        self.assertEqual([program.place, program.kind, test.kind, fragment.kind, fragment.words],
                         ["page.md:3", "program", "test", "fragment", ["consumer"]])

    def test_text_belongs_to_the_block_before(self):
        [block] = blocks("```sh\necho a\n```\nprints\n```text\na\n```\n")
        self.assertEqual(block.output, "a\n")
        self.refused("```text\na\n```\n", "page.md:2: a text block tells")

    def test_what_would_not_run_is_refused(self):
        self.refused("```java\nx\n```\n", "page.md:2: 'java' is not run; say why")
        self.refused("```\nx\n```\n", "'' is not run")
        self.refused("```cpp conumser\nx\n```\n", "cpp does not know the word conumser")
        self.refused("a\n\n    indented\n", "page.md:3: an indented block is not run")
        self.refused(" ```cpp\nx\n ```\n", "begins in the first column")
        self.refused("```cpp\nx\n", "page.md:1: the block has no end")
        self.refused("```sh not run:\nx\n```\n", "does not know the word")

    def test_an_excuse_has_a_reason(self):
        java, cpp = blocks("```java not run: for comparison\nx\n```\n```cpp compiled only: needs a cluster\nx\n```\n")
        self.assertEqual([java.excuse, java.language, cpp.excuse], ["not run", "java", "compiled only"])

    def test_output_is_compared(self):
        for expected, printed, same in (("a\n", "a\n", True), ("a\n", "b\n", False), ("a\n", "a\nb\n", False), ("a...c\n", "abbc\n", True),
                                        ("a...c\n", "a\nc\n", False), ("a\n...\nd\n", "a\nb\nc\nd\n", True), ("a\n...\nd\n", "a\nd\n", True),
                                        ("...\nd\n", "a\nb\n", False), ("a.b\n", "axb\n", False), ("a\n", "", False),
                                        ("", "", True), ("", "a\n", False), ("\na\n", "\na\n", True)):
            with self.subTest(expected=expected, printed=printed):
                self.assertEqual(pages.matches(expected, printed), same)

    def test_every_page_obeys(self):
        self.assertIn("README.md", pages.pages())
        for page in pages.pages():
            pages.blocks_of(page)

    def test_every_link_leads_somewhere(self):
        for page in pages.pages():
            for target in re.findall(r"\]\(([^)#]+)", re.sub(r"^```.*?^```|`[^`\n]*`", "", (pages.ROOT / page).read_text(encoding="utf-8"), flags=re.M | re.S)):
                if "://" not in target:
                    self.assertTrue((pages.ROOT / page).parent.joinpath(target).exists(), f"{page} links to {target}")


if __name__ == "__main__":
    unittest.main()
