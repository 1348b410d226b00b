"""Code blocks of our documents, and the list of those that a test runs.

A test takes its block by ``block_with("a part of it", "docs/how-to/migrating.md")``;
that is how ``test_documents`` knows that there is one. A block without a language is a
picture.
"""

from __future__ import annotations

import ast
import re
from typing import Iterator, NamedTuple

from tests.support.docstrings import SECTION
from tests.support.processes import ROOT
from tests.test_docstrings import documented

__all__ = ["DOCUMENTS", "Block", "block_with", "blocks", "output_below", "taken"]

#: Every page that a reader is led to. A docstring with code in it is a document as
#: well, by its name.
DOCUMENTS = [
    "README.md",
    "CONTRIBUTING.md",
    "samples/README.md",
    *sorted(str(p.relative_to(ROOT).as_posix()) for p in (ROOT / "docs").rglob("*.md")),
]
FENCED = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"(?<=\n\n)((?: {4}.*\n|\n(?= {4}))+)")


class Block(NamedTuple):
    """One block of code: its place, its language and its text."""

    document: str
    language: str
    text: str


def blocks() -> Iterator[Block]:
    """Return every block of every document and of every public docstring."""
    for document in DOCUMENTS:
        text = (ROOT / document).read_text(encoding="utf-8")
        for language, code in FENCED.findall(text):
            yield Block(document, language, code)
    for name, doc in documented():
        for code in INDENTED.findall(SECTION.sub("", doc + "\n")):
            plain = re.sub(r"^    ", "", code, flags=re.MULTILINE)
            command = re.match(r"(pip|python) ", plain)
            yield Block(name, "sh" if command else "python", plain)


def block_with(text: str, document: str = "README.md") -> str:
    """Return the one Python block of a document that contains ``text``."""
    (found,) = [
        block.text
        for block in blocks()
        if (block.document, block.language) == (document, "python")
        and text in block.text
    ]
    return found


def output_below(text: str, document: str) -> str:
    """Return the block without a language that follows the one with ``text``."""
    found = [block for block in blocks() if block.document == document]
    (place,) = [n for n, each in enumerate(found) if text in each.text]
    assert not found[place + 1].language
    return found[place + 1].text


def taken() -> set[str]:
    """Return the Python blocks that tests take, read from the tests' source."""
    found = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        source = path.read_text(encoding="utf-8")
        if "block_with(" in source:
            found.update(map(str, _taken_in(ast.parse(source))))
    return found


def _taken_in(tree: ast.Module) -> Iterator[str]:
    for test in ast.walk(tree):
        if not isinstance(test, ast.FunctionDef) or not test.name.startswith("test_"):
            continue
        for node in ast.walk(test):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "block_with":
                yield block_with(*map(ast.literal_eval, node.args))
