"""Texts of errors: written in one form, and never parsed."""

from __future__ import annotations

import ast
import re
from typing import Iterator

import pytest

from assetstream.model import errors
from tests.support.house import MODULES, name_of, parsed

#: Methods that look into a text, or take a part of it.
PARSING = re.compile(
    "r?(find|index|partition|split)|find(all|iter)|(full)?match|search|sub|"
    "(ends|starts)with|remove(prefix|suffix)|replace|[lr]?strip|splitlines|lower|upper"
)


@pytest.fixture(scope="module")
def sources() -> dict[str, ast.AST]:
    """Every module of the package, parsed."""
    return {name_of(path): parsed(path) for path in MODULES}


def texts_of_errors(source: ast.AST) -> set[str]:
    """Return the names that hold caught or annotated errors."""
    found = set()
    for node in ast.walk(source):
        if isinstance(node, ast.ExceptHandler) and node.name:
            found.add(node.name)
        elif isinstance(node, ast.arg) and "Error" in ast.unparse(node):
            found.add(node.arg)
    return found


def is_text_of_error(node: ast.AST, caught: set[str]) -> bool:
    """Return whether the node is the text of an error, or contains one."""
    if isinstance(node, ast.Call) and name_called(node) in ("str", "repr"):
        return any(is_error(argument, caught) for argument in node.args)
    if isinstance(node, ast.JoinedStr):
        fields = [v.value for v in node.values if isinstance(v, ast.FormattedValue)]
        return any(is_error(v, caught) or is_fact(v) for v in fields)
    return is_fact(node)


def name_called(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else ""


def is_error(node: ast.AST, caught: set[str]) -> bool:
    if isinstance(node, ast.Name):
        return node.id in caught or node.id == "error"
    return isinstance(node, ast.Attribute) and node.attr in ("error", "__cause__")


def is_fact(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr in ("problem", "remedy")


def parsings(source: ast.AST) -> Iterator[str]:
    """Yield each place that searches the text of an error."""
    caught = texts_of_errors(source)
    for node in ast.walk(source):
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


def test_nothing_takes_the_text_of_an_error_apart(sources: dict[str, ast.AST]) -> None:
    """The package reads facts from attributes only."""
    found = {name: list(parsings(source)) for name, source in sources.items()}

    assert {name: places for name, places in found.items() if places} == {}


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


def made(source: ast.AST) -> Iterator[ast.Call]:
    """Yield each call that makes an error."""
    for node in ast.walk(source):
        if isinstance(node, ast.Call) and name_called(node) in errors.__all__:
            yield node


def written(node: ast.AST | None) -> str | None:
    """Return a text as in the source, with ``?`` for inserted values."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = (v.value if isinstance(v, ast.Constant) else "?" for v in node.values)
        return "".join(map(str, parts))
    return None


def test_problems_and_remedies_have_one_form(sources: dict[str, ast.AST]) -> None:
    """A problem is part of a sentence; a remedy is one or more sentences."""
    calls = [call for source in sources.values() for call in made(source)]

    assert len(calls) > 50
    for call in calls:
        remedies = [k.value for k in call.keywords if k.arg == "remedy"]
        problem = written(call.args[0] if call.args else None)
        remedy = written(remedies[0] if remedies else None)
        if problem is not None:
            assert not problem.endswith((".", ";", ":", ",")), problem
            assert "tries again" not in problem, problem
        if remedy:
            assert not remedy[0].islower(), remedy
            assert remedy.endswith((".", "?")), remedy
