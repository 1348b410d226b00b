"""Chooses the view: a table on a terminal, lines elsewhere, objects for programs."""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper
from typing import Collection

from rich.console import Console

from assetstream.cli.run.watch import View
from assetstream.cli.view.keyboard import Keyboard, open_keyboard
from assetstream.cli.view.lines import JsonLines, PlainLines
from assetstream.cli.view.terminal import TerminalView
from assetstream.streams.stream import Stream

__all__ = ["choose_view", "terminal"]


def terminal() -> Console | None:
    """Return the terminal of standard output; None if that is a pipe or a file."""
    # A window changes its size; what was exported of it does not.
    fixed = ("COLUMNS", "LINES")
    environment = {k: v for k, v in os.environ.items() if k not in fixed}
    console = Console(_environ=environment)
    out = sys.stdout
    # rich lets a variable declare a pipe to be a terminal: the stream itself is asked.
    if out.isatty() and not console.is_dumb_terminal:
        if isinstance(out, TextIOWrapper):
            # Unbuffered, Python's own loses the rest of what a signal interrupts.
            descriptor, letters = out.fileno(), out.encoding
            console.file = open(  # noqa: SIM115 - it is open as long as the terminal
                descriptor, "w", encoding=letters, errors="replace", closefd=False
            )
        return console
    if isinstance(out, TextIOWrapper):
        # An exchange's words may be Korean where the pipe's encoding is not.
        out.reconfigure(errors="backslashreplace")
    return None


def choose_view(
    as_json: bool, streams: Collection[Stream]
) -> tuple[View, Keyboard | None]:
    """Return the view for standard output, and the keyboard if it has one."""
    if as_json:
        return JsonLines(sys.stdout), None
    console = terminal()
    if console is None:
        return PlainLines(sys.stdout), None
    keyboard = open_keyboard()
    return TerminalView(streams, console, keys=keyboard is not None), keyboard
