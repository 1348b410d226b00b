"""Docstrings of public names are complete: see ``tests.support.docstrings``."""

from __future__ import annotations

import ast
import inspect
import re
from datetime import datetime
from typing import Any, Callable, Iterator

import pytest

import assetstream
from assetstream import pytest_plugin, recording, simulator
from tests.support import docstrings
from tests.support.house import MODULES, name_of, nodes

#: Words that leave open, at the beginning of a docstring, what it is about.
OPENINGS = re.compile(
    r"(What|How|Whether|It|Its|Something|Who|Whom|Whose|Where|When|Why|That|They)\b"
)
#: Event -> its fields off the wire, whose docstrings name the exchanges' own fields.
WIRE = {
    "AssetUpdate": ["currency", "available", "locked", "time", "update_id", "raw"],
    "Balance": ["currency", "available", "locked", "changed_at"],
}


def public() -> Iterator[tuple[str, Any]]:
    """Return every public object with its own docstring, by its name in the manual."""
    for module in (assetstream, recording, simulator):
        for name in module.__all__:
            value = getattr(module, name)
            if inspect.isclass(value) or inspect.isfunction(value):
                yield f"{module.__name__}.{name}", value
    yield "simulated_exchange", pytest_plugin.simulated_exchange


def documented() -> Iterator[tuple[str, str]]:
    """Return the docstrings in the reference by their names."""
    for module in (assetstream, recording, simulator, pytest_plugin):
        yield module.__name__, inspect.getdoc(module) or ""
    for name, thing in public():
        yield name, inspect.getdoc(thing) or ""
        if inspect.isclass(thing):
            for member, function in members(thing):
                yield f"{name}.{member}", inspect.getdoc(function) or ""


def members(kind: type) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Return public methods and properties, also those of hidden bases."""
    seen = [thing for _, thing in public() if thing is not kind]
    named: set[str] = set()
    for base in kind.__mro__:
        if base in seen:
            named.update(vars(base))  # explained with that one
        elif base.__module__.startswith("assetstream"):
            for name, member in vars(base).items():
                if not name.startswith("_") and name not in named:
                    named.add(name)
                    found = getattr(member, "fget", getattr(member, "__func__", member))
                    if inspect.isfunction(found):
                        yield name, found


def complaints(name: str, thing: Any) -> Iterator[str]:
    """Return every fault together with the name that has it."""
    if not inspect.isclass(thing):
        thing = getattr(thing, "__wrapped__", thing)
        yield from (f"{name}: {each}" for each in docstrings.of_function(thing))
        return
    yield from (f"{name}: {each}" for each in docstrings.of_class(thing))
    context = inspect.getdoc(thing) or ""
    for member, function in members(thing):
        for each in docstrings.of_function(function, context):
            yield f"{name}.{member}: {each}"


@pytest.mark.parametrize("name", dict(public()))
def test_nothing_is_missing(name: str) -> None:
    """Public names explain parameters, units, threads, waits and errors."""
    found = list(complaints(name, dict(public())[name]))

    assert not found, "\n".join(found)


@pytest.mark.parametrize("event", WIRE)
def test_what_comes_off_the_wire_has_a_source(event: str) -> None:
    """Each field of an event names the exchange's own field."""
    kind = getattr(assetstream, event)
    doc = docstrings.Docstring(kind.__doc__)
    for field in WIRE[event]:
        entry = doc.sections["Attributes"][field]

        assert "Upbit" in entry, f"{event}.{field}"
        assert "CoinW" in entry, f"{event}.{field}"


def test_docstrings_begin_with_their_subject() -> None:
    """No docstring of the package begins with a question word or a pronoun."""
    kinds = ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef
    begun = [
        f"{name_of(path)}:{node.body[0].lineno}: {doc.splitlines()[0]}"
        for path in MODULES
        for node in nodes(path)
        if isinstance(node, kinds) and (doc := ast.get_docstring(node))
        if OPENINGS.match(doc)
    ]

    assert begun == []


class Poor:
    """Kept for a reason that nobody remembers"""

    delay: float
    since: datetime

    def __init__(self, on_asset: Callable[[object], object]) -> None:
        self.on_asset = on_asset

    def wait(self, met: Callable[[], object], timeout: float | None = None) -> float:
        """Wait for it.

        Args:
            timeout: how long.
            patience: gone since the last release.

        Raises:
            NoSuchError: never.
        """
        if not met():
            raise TimeoutError("not met")
        return timeout or 0.0

    def bare(self) -> None:
        pass


def test_a_poor_docstring_is_found_out() -> None:
    """Each rule finds its violation."""
    assert list(docstrings.of_class(Poor)) == [
        "its first paragraph is no sentence",
        "delay is not under Attributes:",
        "since is not under Attributes:",
        "on_asset is not under Attributes:",
        "on_asset is neither under Args: nor in double backticks",
        "on_asset is called back: in which thread?",
    ]
    assert list(docstrings.of_function(Poor.bare)) == ["there is no docstring"]
    assert list(docstrings.of_function(Poor.wait)) == [
        "met is neither under Args: nor in double backticks",
        "met is called back: in which thread?",
        "timeout is a float: in which unit?",
        "Args: describes patience, which is no parameter",
        "it returns a float: in which unit?",
        "timeout: what happens when it is over?",
        "timeout: say 'None for ever'",
        "timeout: say '0 not at all'",
        "Raises: names NoSuchError, which nobody can import",
        "it raises TimeoutError, which is not under Raises:",
    ]
