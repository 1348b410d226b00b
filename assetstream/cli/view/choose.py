"""Chooses the view: a table on a terminal, lines elsewhere, objects for programs."""

from __future__ import annotations

import sys
from io import TextIOWrapper
from typing import Sequence

from rich.console import Console

from assetstream.cli.run.watch import View
from assetstream.cli.view.lines import JsonLines, PlainLines
from assetstream.cli.view.table import TerminalTable
from assetstream.streams.stream import AssetStream

__all__ = ["choose_view", "terminal"]


def terminal() -> Console | None:
    """Return the terminal of standard output; None if that is a pipe or a file."""
    console = Console()
    # rich lets a variable declare a pipe to be a terminal: the stream itself is asked.
    if sys.stdout.isatty() and not console.is_dumb_terminal:
        return console
    if isinstance(sys.stdout, TextIOWrapper):
        # An exchange's words may be Korean where the pipe's encoding is not.
        sys.stdout.reconfigure(errors="backslashreplace")
    return None


def choose_view(as_json: bool, streams: Sequence[AssetStream]) -> View:
    """Return the view for standard output."""
    if as_json:
        return JsonLines(sys.stdout)
    console = terminal()
    if console is not None:
        return TerminalTable(streams, console)
    return PlainLines(sys.stdout)
