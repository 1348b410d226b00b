"""Every program explains itself: ``python -m tests.programs.X --help``."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

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


#: Runs each program for its help, all in one interpreter, and marks where one ends.
HELPS = """
import runpy, sys
for name in sys.argv[1:]:
    sys.argv = [name, "--help"]
    try:
        runpy.run_module(f"tests.programs.{name}", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        print("exit", end.code)
"""


@pytest.mark.programs
def test_the_help_of_every_program_describes_it() -> None:
    """The help has the first paragraph of the program's docstring."""
    with Program("-c", HELPS, *PROGRAMS) as running:
        assert running.finish() == 0, running.output
    *helps, rest = "\n".join([*running.out, ""]).split("\nexit 0\n")

    assert len(PROGRAMS) >= 9
    assert rest == ""
    for name, printed in zip(PROGRAMS, helps, strict=True):
        text = " ".join(printed.split())
        assert text.startswith(f"usage: python -m tests.programs.{name} ")
        docs = [
            ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
            for path in (PROGRAMS[name], PROGRAMS[name].parent / "__init__.py")
        ]
        assert any(
            doc and " ".join(doc.partition("\n\n")[0].split()) in text for doc in docs
        ), name
