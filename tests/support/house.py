"""The package as rooms on floors, read from its own imports.

A room is a folder of ``assetstream/``, or one of the files beside them. Every import
counts, wherever it stands: at the head, in a function, or for type checkers only.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import Iterator, Mapping, TypeVar

__all__ = [
    "FLOORS",
    "MODULES",
    "PACKAGE",
    "arrows",
    "circles",
    "class_names",
    "clock_reads",
    "has_code",
    "imports",
    "module_arrows",
    "name_of",
    "nodes",
    "parsed",
    "private_names",
    "room_of",
    "timed_waits",
]

PACKAGE = Path(__file__).parents[2] / "assetstream"
MODULES = sorted(PACKAGE.rglob("*.py"))

#: room -> floor. A room imports only rooms on lower floors.
FLOORS = {
    "__init__": 10,
    "__main__": 11,
    "pytest_plugin": 10,
    "cli": 9,
    "archive": 8,
    "metrics": 8,
    "sharing": 8,
    "simulator": 8,
    "streams": 7,
    "doctor": 6,
    "runtime": 5,
    "exchanges": 4,
    "core": 4,
    "recording": 4,
    "protocol": 3,
    "notebook": 3,
    "model": 2,
    "display": 1,
    "version": 0,
    "libraries": 0,
}

#: Names that begin with an underscore and are documented: of named tuples, of ``sys``.
NOT_PRIVATE = {"_asdict", "_current_frames", "_fields", "_replace"}

Node = TypeVar("Node", str, Path)


def name_of(path: Path) -> str:
    """Return the file's name as tests write it, such as ``core/book.py``."""
    return path.relative_to(PACKAGE).as_posix()


def room_of(path: Path) -> str:
    """Return the room that a file of the package lies in."""
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


@cache
def parsed(path: Path) -> ast.Module:
    """Return a file's syntax tree, parsed once for all who ask."""
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def nodes(path: Path) -> list[ast.AST]:
    """Return all nodes of a file's tree."""
    return list(ast.walk(parsed(path)))


@cache
def imports(path: Path) -> set[str]:
    """Return every module that a file imports, our own with full names."""
    found: set[str] = set()
    for node in nodes(path):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            module = node.module or ""
            found.add(module)
            if module.split(".")[0] == "assetstream":
                found.update(f"{module}.{alias.name}" for alias in node.names)
    return found


def class_names(path: Path) -> list[str]:
    """Every class that a file defines, nested ones too."""
    return [node.name for node in nodes(path) if isinstance(node, ast.ClassDef)]


def has_code(path: Path) -> bool:
    """True if a file defines a function or a method."""
    return any(isinstance(node, ast.FunctionDef) for node in nodes(path))


#: Methods that let a thread wait; of some only a ``timeout`` given by name is a time.
WAITS = {"join", "select", "settimeout", "sleep", "wait", "wait_for"}
TIMED = {"acquire", "get"}


def timed_waits(path: Path) -> Iterator[str]:
    """Calls of a file that let it wait for a time, and do not go by the clock.

    A wait for a ``Deadline`` does.
    """
    for node in nodes(path):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        times = [word.value for word in node.keywords if word.arg == "timeout"]
        if node.func.attr in WAITS and not isinstance(node.func.value, ast.Constant):
            # With more than one it is a method of ours, which has a deadline.
            times += node.args if len(node.args) == 1 else []
        elif node.func.attr not in TIMED:
            continue
        text = "".join(map(ast.unparse, times))
        if text and "deadline" not in text.lower() and "clock.real_" not in text:
            yield ast.unparse(node)


def clock_reads(path: Path) -> Iterator[str]:
    """Calls of a file that ask this machine's clock for the time, by any name."""
    clocks = {"datetime", "date"}
    for node in nodes(path):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            clocks |= {
                name.asname
                for name in node.names
                if name.asname and name.name in ("datetime", "date")
            }
    for node in nodes(path):
        if isinstance(node, ast.Attribute) and node.attr in ("now", "today", "utcnow"):
            owner = ast.unparse(node.value).rpartition(".")[2]
            if owner in clocks:
                yield ast.unparse(node)


def private_names(path: Path) -> Iterator[str]:
    """Private names that a file uses and does not define.

    What is read from ``self``, ``cls`` or ``super()`` is a class's own, or inherited.
    """
    own = set(NOT_PRIVATE)
    used: dict[str, ast.AST] = {}
    for node in nodes(path):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            own.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            own.add(node.id)
        elif isinstance(node, ast.Attribute) and _is_own(node.value):
            own.add(node.attr)
        elif isinstance(node, ast.Attribute):
            used[node.attr] = node
        elif isinstance(node, ast.ImportFrom):
            used.update({alias.name: alias for alias in node.names})
    for name, node in used.items():
        if name.startswith("_") and not name.startswith("__") and name not in own:
            yield ast.unparse(node)


def _is_own(value: ast.expr) -> bool:
    if isinstance(value, ast.Call):
        return ast.unparse(value.func) == "super"
    return isinstance(value, ast.Name) and value.id in {"self", "cls"}


@cache
def _file_of(module: str) -> Path | None:
    """Return the file of one of our modules; None if there is no such module."""
    place = PACKAGE.parent.joinpath(*module.split("."))
    for path in (place.with_suffix(".py"), place / "__init__.py"):
        if path.is_file():
            return path
    return None


@cache
def module_arrows() -> dict[Path, set[Path]]:
    """Return for each file the files of the package that it imports."""
    found: dict[Path, set[Path]] = {}
    for path in MODULES:
        ours = {m for m in imports(path) if m.split(".")[0] == "assetstream"}
        files = {file for file in map(_file_of, ours) if file is not None}
        # A package named on the way to one of its modules is not meant itself.
        for module in ours:
            package, _, name = module.rpartition(".")
            if package and _file_of(module) and f"{package}.{name}" in ours:
                files.discard(
                    PACKAGE.parent.joinpath(*package.split("."), "__init__.py")
                )
        found[path] = files - {path}
    return found


def arrows() -> dict[str, set[str]]:
    """Return for each room the rooms that it imports."""
    found: dict[str, set[str]] = {room_of(path): set() for path in MODULES}
    for path, files in module_arrows().items():
        found[room_of(path)] |= {room_of(file) for file in files} - {room_of(path)}
    return found


def circles(graph: Mapping[Node, set[Node]]) -> list[list[Node]]:
    """Return the sets of two or more nodes that reach each other (Tarjan)."""
    numbers: dict[Node, int] = {}
    lowest: dict[Node, int] = {}
    stack: list[Node] = []
    found: list[list[Node]] = []

    def visit(node: Node) -> None:
        numbers[node] = lowest[node] = len(numbers)
        stack.append(node)
        for other in sorted(graph.get(node, ())):
            if other not in numbers:
                visit(other)
                lowest[node] = min(lowest[node], lowest[other])
            elif other in stack:
                lowest[node] = min(lowest[node], numbers[other])
        if lowest[node] == numbers[node]:
            at = stack.index(node)
            if len(stack) - at > 1:
                found.append(sorted(stack[at:]))
            del stack[at:]

    for node in sorted(graph):
        if node not in numbers:
            visit(node)
    return found


def upward() -> Iterator[tuple[str, str]]:
    """Return (file, imported file) for each import of a floor that is not lower."""
    for path, files in sorted(module_arrows().items()):
        for file in sorted(files):
            here, there = room_of(path), room_of(file)
            if here != there and FLOORS[here] <= FLOORS[there]:
                yield name_of(path), name_of(file)
