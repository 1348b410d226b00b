"""Texts of errors: written in one form, and never parsed."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Iterator

import pytest

import assetstream
from assetstream.model import errors

ROOT = Path(assetstream.__file__).parent
SOURCES = sorted(ROOT.rglob("*.py"))
#: Methods that look into a text, or take a part of it.
PARSING = re.compile(
    "r?(find|index|partition|split)|find(all|iter)|(full)?match|search|sub|"
    "(ends|starts)with|remove(prefix|suffix)|replace|[lr]?strip|splitlines|lower|upper"
)


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def texts_of_errors(tree: ast.AST) -> set[str]:
    """Return the names that hold caught or annotated errors."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and node.name:
            found.add(node.name)
        elif isinstance(node, ast.arg) and "Error" in ast.unparse(node):
            found.add(node.arg)
    return found


def is_text_of_error(node: ast.AST, caught: set[str]) -> bool:
    """Return whether the node is the text of an error, or contains one."""
    if isinstance(node, ast.Call) and ast.unparse(node.func) in ("str", "repr"):
        return any(is_error(argument, caught) for argument in node.args)
    if isinstance(node, ast.JoinedStr):
        fields = [v.value for v in node.values if isinstance(v, ast.FormattedValue)]
        return any(is_error(v, caught) or is_fact(v) for v in fields)
    return is_fact(node)


def is_error(node: ast.AST, caught: set[str]) -> bool:
    if isinstance(node, ast.Name):
        return node.id in caught or node.id == "error"
    return isinstance(node, ast.Attribute) and node.attr in ("error", "__cause__")


def is_fact(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr in ("problem", "remedy")


def parsings(tree: ast.AST) -> Iterator[str]:
    """Yield each place that searches the text of an error."""
    caught = texts_of_errors(tree)
    for node in ast.walk(tree):
        if any(is_text_of_error(part, caught) for part in searched(node)):
            yield f"line {node.lineno}: {ast.unparse(node)}"


def searched(node: ast.AST) -> list[ast.expr]:
    """Return the texts that a node searches."""
    if isinstance(node, ast.Subscript):
        return [node.value]
    if isinstance(node, ast.Compare) and isinstance(node.ops[0], (ast.In, ast.NotIn)):
        return [node.comparators[0]]
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return []
    if PARSING.fullmatch(node.func.attr) is None:
        return []
    # " ".join(text.split()) makes one line of it: nothing is looked for.
    one_line = node.func.attr == "split" and not node.args
    return [] if one_line else [node.func.value, *node.args]


@pytest.mark.parametrize("path", SOURCES, ids=shown)
def test_nothing_takes_the_text_of_an_error_apart(path: Path) -> None:
    """The package reads facts from attributes only."""
    found = list(parsings(ast.parse(path.read_text(encoding="utf-8"))))

    assert not found


@pytest.mark.parametrize(
    "source",
    [
        'str(error).partition(": ")',
        're.search("again", str(error))',
        '"again" in str(error)',
        'f"{error}".split(": ")',
        "error.problem[:10]",
        'health.error.problem.startswith("x")',
        "try: pass\nexcept OSError as exc: str(exc).split(', ')",
        "def text(fault: AssetStreamError): return str(fault).lower()",
    ],
)
def test_taking_apart_is_seen(source: str) -> None:
    """Each way to parse a text is found."""
    assert list(parsings(ast.parse(source)))


def made(tree: ast.AST) -> Iterator[ast.Call]:
    """Yield each call that makes an error."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in errors.__all__:
            yield node


def written(node: ast.AST | None) -> str | None:
    """Return a text as in the source, with ``?`` for inserted values."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = (v.value if isinstance(v, ast.Constant) else "?" for v in node.values)
        return "".join(map(str, parts))
    return None


@pytest.mark.parametrize("path", SOURCES, ids=shown)
def test_problems_and_remedies_have_one_form(path: Path) -> None:
    """A problem is part of a sentence; a remedy is one or more sentences."""
    for call in made(ast.parse(path.read_text(encoding="utf-8"))):
        remedies = [k.value for k in call.keywords if k.arg == "remedy"]
        problem = written(call.args[0] if call.args else None)
        remedy = written(remedies[0] if remedies else None)
        if problem is not None:
            assert not problem.endswith((".", ";", ":", ",")), problem
            assert "tries again" not in problem, problem
        if remedy:
            assert not remedy[0].islower(), remedy
            assert remedy.endswith((".", "?")), remedy
