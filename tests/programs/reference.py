"""The API reference, by pdoc: ``python -m tests.programs.reference [FOLDER]``."""

from __future__ import annotations

import argparse
import inspect
import re
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest import mock

from pdoc.__main__ import cli

import assetstream
from tests.support.processes import ROOT

__all__ = ["MODULES", "build", "main"]

#: The modules that have a page of their own.
MODULES = [
    "assetstream",
    "assetstream.recording",
    "assetstream.simulator",
    "assetstream.pytest_plugin",
]


def build(folder: Path) -> None:
    """Write the pages into a folder."""
    options = ["--docformat", "google", "--template-directory", str(ROOT / ".pdoc")]
    with ExitStack() as stack:
        for name in set(assetstream.__all__) - {"__version__"}:
            # pdoc looks for the source in the module that a class names: without it,
            # members have neither order nor texts.
            kind = getattr(assetstream, name)
            module, line = _definition_of(kind)
            stack.enter_context(mock.patch.object(kind, "__module__", module))
            if sys.version_info >= (3, 13):
                # A class forgets its line when its module is set, for the same reason.
                found = mock.patch.object(kind, "__firstlineno__", line, create=True)
                stack.enter_context(found)
        cli([*options, "--output-directory", str(folder), *MODULES])


def _definition_of(kind: Any) -> tuple[str, int]:
    """Return the module that defines a public name, and the line at which it does."""
    name = kind.__name__
    definition = re.compile(rf"^(?:@.*\n)*(?:class|def) {name}\b", re.MULTILINE)
    for name, module in list(sys.modules.items()):
        ours = name.startswith("assetstream.")
        if ours and vars(module).get(kind.__name__) is kind:
            source = inspect.getsource(module)
            found = definition.search(source)
            if found is not None:
                return name, source.count("\n", 0, found.start()) + 1
    raise LookupError(f"no module defines {kind.__name__}")


def main() -> None:
    """Write the pages, and print the path of the first."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.programs.reference", description=__doc__
    )
    parser.add_argument(
        "folder",
        nargs="?",
        type=Path,
        default=Path("build/reference"),
        metavar="FOLDER",
    )
    folder: Path = parser.parse_args().folder
    build(folder)
    print(folder / "index.html")


if __name__ == "__main__":
    main()
