"""Rules for the docstrings of public names, one small function each.

* Each has a docstring whose first paragraph is a sentence.
* A parameter is an entry of ``Args:``, or is named in double backticks; a field, an
  attribute or a member of an enum is an entry of ``Attributes:``.
* A float is a number of seconds, and says so; a datetime says UTC.
* What is called back says in which thread.
* Who waits says how: what None and 0 mean, and what happens when the time is over.
* What is raised by name is an entry of ``Raises:``, and nothing there is unknown.
"""

from __future__ import annotations

import ast
import builtins
import enum
import inspect
import re
import textwrap
from dataclasses import is_dataclass
from typing import Any, Callable, Iterator

from msgspec import Struct

import assetstream
from assetstream import simulator

__all__ = ["Docstring", "of_class", "of_function"]

SECTION = re.compile(r"^(Args|Attributes|Raises|Returns):\n((?:    .*\n|\n)*)", re.M)
ENTRY = re.compile(r"^    (\w[\w, ]*):((?:.*\n)(?:        .*\n)*)", re.M)
SECONDS = re.compile(r"\b[Ss]econds?\b")
CALLBACK = re.compile(r"Callable|Handler|Predicate")
#: Calls by which public functions refuse something, and what those raise.
REFUSALS = {"check_": "ConfigurationError", "refuse_": "StreamStateError"}


class Docstring:
    """A Google-style docstring, split into its sections.

    Attributes:
        text: all of it.
        plain: the same on one line.
        summary: its first paragraph.
        sections: section -> entry -> description.
    """

    def __init__(self, text: str | None) -> None:
        self.text = inspect.cleandoc(text or "")
        self.plain = " ".join(self.text.split())
        self.summary = self.text.partition("\n\n")[0]
        self.sections = {
            name: dict(self._entries(body))
            for name, body in SECTION.findall(self.text + "\n")
        }

    @staticmethod
    def _entries(body: str) -> Iterator[tuple[str, str]]:
        for names, description in ENTRY.findall(body):
            for name in names.split(","):
                yield name.strip(), " ".join(description.split())

    def about(self, parameter: str) -> str:
        """Return the text about a parameter; all of it where it is only mentioned."""
        entry = self.sections.get("Args", {}).get(parameter)
        if entry is not None:
            return entry
        return self.text if f"``{parameter}``" in self.text else ""


def of_function(function: Callable[..., Any], context: str = "") -> Iterator[str]:
    """Yield the faults in the docstring of a function or method.

    Args:
        function: any that is public.
        context: its class's docstring, which may say for all methods in which thread.
    """
    doc = Docstring(inspect.getdoc(function))
    yield from _summary(doc)
    if not doc.text:
        return
    parameters = _parameters(function)
    for name, kind in parameters.items():
        if not doc.about(name):
            yield f"{name} is neither under Args: nor in double backticks"
        elif re.search(r"\bfloat\b", kind) and not SECONDS.search(doc.about(name)):
            yield f"{name} is a float: in which unit?"
        if CALLBACK.search(kind) and "thread" not in doc.text + context:
            yield f"{name} is called back: in which thread?"
    for name in doc.sections.get("Args", {}):
        if name not in parameters:
            yield f"Args: describes {name}, which is no parameter"
    yield from _returned(function, doc)
    yield from _waiting(doc, parameters)
    yield from _raised(function, doc)


def of_class(kind: type) -> Iterator[str]:
    """Yield the faults in the docstring of a class itself, without its methods."""
    doc = Docstring(vars(kind).get("__doc__"))
    yield from _summary(doc)
    docs = [Docstring(each.__doc__) for each in _own_bases(kind)]
    described: dict[str, str] = {}
    for each in docs:
        for section in ("Attributes", "Args"):
            described = {**each.sections.get(section, {}), **described}
    durations = any("urations in seconds" in each.text for each in docs)
    for name, annotation in _attributes(kind):
        entry = described.get(name)
        if entry is None:
            yield f"{name} is not under Attributes:"
        elif re.search(r"\bfloat\b", annotation):
            if not durations and not SECONDS.search(entry):
                yield f"{name} is a float: in which unit?"
        elif "datetime" in annotation and "UTC" not in entry:
            yield f"{name} is a datetime: is it UTC?"
    yield from _raises_known(doc)
    if not issubclass(kind, (enum.Enum, Struct)) and "made by ``" not in doc.plain:
        for name in _parameters(kind.__init__):
            if name not in described and not any(each.about(name) for each in docs):
                yield f"{name} is neither under Args: nor in double backticks"
            if name.startswith("on_") and "thread" not in doc.text:
                yield f"{name} is called back: in which thread?"


def _own_bases(kind: type) -> list[type]:
    return [
        each for each in kind.__mro__ if each.__module__.startswith(("assets", "tests"))
    ]


def _parameters(function: Any) -> dict[str, str]:
    found = inspect.signature(function).parameters
    if not found or inspect.unwrap(function) is object.__init__:
        return {}
    return {
        name: str(parameter.annotation)
        for name, parameter in found.items()
        if name not in ("self", "cls", "args", "kwargs")
    }


def _attributes(kind: type) -> Iterator[tuple[str, str]]:
    """Return name and annotation of every public attribute that is no method."""
    if issubclass(kind, enum.Enum):
        yield from ((name, "") for name in kind.__members__)
        return
    for base in _own_bases(kind):
        notes = dict(vars(base).get("__annotations__", {}))
        for name in _kept(base):
            notes.setdefault(name, "")
        for name, annotation in notes.items():
            if not name.startswith("_"):
                yield name, str(annotation)


def _kept(kind: type) -> Iterator[str]:
    """Return the attributes that the constructor sets."""
    constructor = vars(kind).get("__init__")
    if not inspect.isfunction(constructor) or is_dataclass(kind):
        return
    for node in ast.walk(_tree(constructor)):
        stored = isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
        if stored and ast.unparse(node).startswith("self."):
            yield node.attr


def _tree(function: Any) -> ast.AST:
    return ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(function))))


def _summary(doc: Docstring) -> Iterator[str]:
    if not doc.text:
        yield "there is no docstring"
    elif not doc.summary.endswith((".", ":")):
        yield "its first paragraph is no sentence"


def _returned(function: Any, doc: Docstring) -> Iterator[str]:
    kind = str(inspect.signature(function).return_annotation)
    if kind in ("float", "float | None") and not SECONDS.search(doc.text):
        yield "it returns a float: in which unit?"


def _waiting(doc: Docstring, parameters: dict[str, str]) -> Iterator[str]:
    if "timeout" not in parameters:
        return
    raised = " ".join(doc.sections.get("Raises", {}))
    if "Timeout" not in raised and "Returns:" not in doc.text:
        yield "timeout: what happens when it is over?"
    if "None" in parameters["timeout"]:
        for words in ("None for ever", "0 not at all"):
            if words not in doc.plain:
                yield f"timeout: say {words!r}"


def _raised(function: Any, doc: Docstring) -> Iterator[str]:
    yield from _raises_known(doc)
    listed = doc.sections.get("Raises", {})
    for node in ast.walk(_tree(function)):
        name = ""
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            name = ast.unparse(node.exc.func)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            called = node.func.attr
            name = next((e for p, e in REFUSALS.items() if called.startswith(p)), "")
        if name and name[0].isupper() and name not in listed:
            yield f"it raises {name}, which is not under Raises:"


def _raises_known(doc: Docstring) -> Iterator[str]:
    for name in doc.sections.get("Raises", {}):
        known = name in (*assetstream.__all__, *simulator.__all__)
        if not known and not hasattr(builtins, name):
            yield f"Raises: names {name}, which nobody can import"
