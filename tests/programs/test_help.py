"""Every program explains itself: ``python -m tests.programs.X --help``."""

from __future__ import annotations

import ast
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.support.processes import Program

HERE = Path(__file__).parent
#: Name of a program -> the file whose docstring describes it.
PROGRAMS = {
    **{
        path.stem: path
        for path in HERE.glob("*.py")
        if '__name__ == "__main__"' in path.read_text(encoding="utf-8")
        if path.name != Path(__file__).name
    },
    **{path.parent.name: path for path in HERE.glob("*/__main__.py")},
}


def help_of(name: str) -> str:
    """Return the help that a program prints."""
    with Program("-m", f"tests.programs.{name}", "--help") as running:
        assert running.finish() == 0, running.output
    return " ".join(running.output.split())


def test_the_help_of_every_program_describes_it() -> None:
    """The help has the first paragraph of the program's docstring."""
    with ThreadPoolExecutor(2) as pool:
        helps = dict(zip(PROGRAMS, pool.map(help_of, PROGRAMS), strict=True))

    assert len(helps) >= 9
    for name, text in helps.items():
        assert text.startswith(f"usage: python -m tests.programs.{name} ")
        docs = [
            ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
            for path in (PROGRAMS[name], PROGRAMS[name].parent / "__init__.py")
        ]
        assert any(
            doc and " ".join(doc.partition("\n\n")[0].split()) in text for doc in docs
        ), name
