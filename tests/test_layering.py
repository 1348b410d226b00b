"""Who may import whom, read from the imports themselves."""

from __future__ import annotations

import ast
import sys
import tokenize
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "assetstream"
MODULES = sorted(PACKAGE.rglob("*.py"))

LEAVES = {
    "balances",
    "durations",
    "errors",
    "events",
    "health",
    "libraries",
    "markup",
    "pictures",
    "plain",
    "screens",
    "states",
    "version",
}
PURE = {
    *LEAVES,
    "advising",
    "audit",
    "audit_schedule",
    "backoff",
    "book",
    "entry",
    "history",
    "moment",
    "observed",
    "plotting",
    "protocol",
}
STREAM = {
    "census",
    "checks",
    "doctor",
    "group",
    "group_life",
    "group_readings",
    "readings",
    "showing",
    "siblings",
    "stream",
}
#: (module, room above it): a method of a stream that an extra brings; imported when it
#: is called, so that the core loads without it.
UPWARD = {("showing.py", "notebook")}
RECORDING = {"recording"}
TOP = {"__main__", "cli", "notebook", "pytest_plugin", "simulator"}

#: room -> the rooms it may import, besides itself.
MAY_IMPORT = {
    **{room: LEAVES for room in LEAVES},
    **{room: PURE for room in PURE - LEAVES},
    "runtime": PURE,
    "exchanges": PURE,
    **{room: {*PURE, "runtime", *STREAM} for room in STREAM},
    **{room: {*PURE, *STREAM} for room in RECORDING},
    **{
        room: {*PURE, "exchanges", "assetstream", *STREAM, *RECORDING, *TOP}
        for room in TOP
    },
    "assetstream": {*PURE, "exchanges", *STREAM},
}

#: What a pure room must not touch: time passes and data comes from outside.
IMPURE = {
    "asyncio",
    "logging",
    "queue",
    "random",
    "requests",
    "select",
    "selectors",
    "socket",
    "ssl",
    "threading",
    "time",
    "urllib3",
    "websocket",
}

#: library -> the only modules that may import it.
ONLY = {
    "matplotlib": {"plotting.py"},
    "pandas": {"history.py"},
    "websocket": {"runtime/library.py"},
    "python_socks": {"runtime/proxy.py"},
    "requests": {"runtime/http.py"},
    "urllib3": {"runtime/http.py"},
}


PROSE = {
    tokenize.COMMENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
    tokenize.INDENT,
    tokenize.NEWLINE,
    tokenize.NL,
}


def imports(path: Path) -> set[str]:
    """Every module that a file imports, wherever it does, but for type checking."""
    found: set[str] = set()
    skipped: set[ast.AST] = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            skipped.update(inner for part in node.body for inner in ast.walk(part))
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            module = node.module or ""
            found.add(module)
            if module == "assetstream":
                found.update(f"assetstream.{alias.name}" for alias in node.names)
    return found


def room(path: Path) -> str:
    relative = path.relative_to(PACKAGE)
    if len(relative.parts) > 1:
        return relative.parts[0]
    return "assetstream" if relative.stem == "__init__" else relative.stem


def room_of_import(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "assetstream"


def name(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def test_every_room_has_its_rule() -> None:
    """A new room must say whom it may import."""
    rooms = {room(path) for path in MODULES}

    assert len(MODULES) > 20
    assert rooms <= set(MAY_IMPORT)


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_layers(path: Path) -> None:
    """Imports point downwards only."""
    here = room(path)
    allowed = {*MAY_IMPORT[here], here}
    ours = {m for m in imports(path) if m.split(".")[0] == "assetstream"}
    # ``from assetstream import siblings`` names the package, and means the module.
    rooms = {room_of_import(m) for m in ours if m != "assetstream"}
    upward = {room for module, room in UPWARD if module == name(path)}
    breaches = {r for r in rooms if (PACKAGE / r).exists() or _is_module(r)} - allowed

    assert upward <= rooms
    breaches -= upward

    assert not breaches


def _is_module(room: str) -> bool:
    return (PACKAGE / f"{room}.py").exists()


@pytest.mark.parametrize(
    "path", [p for p in MODULES if room(p) in {*PURE, "exchanges"}], ids=name
)
def test_pure_rooms_touch_nothing_outside(path: Path) -> None:
    """No thread, socket, clock or log in the rooms that decide."""
    tops = {module.split(".")[0] for module in imports(path)}

    assert not tops & IMPURE


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_libraries_have_one_importer(path: Path) -> None:
    """A library that changes is met in one place."""
    tops = {module.split(".")[0] for module in imports(path)}
    for library, importers in ONLY.items():
        assert library not in tops or name(path) in importers


@pytest.mark.parametrize("path", [p for p in MODULES if room(p) not in TOP], ids=name)
def test_optional_parts_stay_optional(path: Path) -> None:
    """The core imports nothing that only an extra installs."""
    core = {"assetstream", "certifi", "jwt", "msgspec", "requests", "websocket"}
    tops = {module.split(".")[0] for module in imports(path)}

    # imported only where a proxy, a chart or a table is asked for
    optional = {"python_socks", "matplotlib", "pandas"}
    assert tops <= {*core, *optional, *sys.stdlib_module_names, "urllib3"}


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_files_stay_small(path: Path) -> None:
    """Past 350 lines a concept wants its own room."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 350


def code_lines(path: Path, first: int, last: int) -> int:
    """Lines that carry code: no blank line, no comment, no docstring."""
    lines: set[int] = set()
    with path.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            if token.type not in PROSE and not (
                token.type == tokenize.STRING and token.string.endswith('"""')
            ):
                lines.update(range(token.start[0], token.end[0] + 1))
    return len([line for line in lines if first <= line <= last])


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_classes_stay_small(path: Path) -> None:
    """A class of over 200 lines of code is two."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef):
            length = code_lines(path, node.lineno, node.end_lineno or 0)
            assert length <= 200, f"{node.name} has {length} lines"
