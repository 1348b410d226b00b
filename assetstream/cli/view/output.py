"""Standard output, which may be a pipe whose reader goes away, or a full disk."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from contextlib import contextmanager
from typing import Iterator, TextIO

import click

__all__ = ["complain", "discard_output", "folded", "output"]


@contextmanager
def output() -> Iterator[None]:
    """Guard writes: an output that fails ends the command in one line.

    It ends well if a pipe's reader went away: ``| head`` has seen enough.
    """
    try:
        yield
        sys.stdout.flush()
    except OSError as exc:
        discard_output()
        if isinstance(exc, BrokenPipeError):
            sys.exit(0)
        complain(f"the output cannot be written: {exc}")
        sys.exit(1)


def complain(problem: str) -> None:
    """Write on stderr what went wrong."""
    click.echo(folded(f"Error: {problem}", sys.stderr), err=True)


def folded(text: str, out: TextIO | None, indent: int = 0) -> str:
    """Break lines between words, for a terminal, which breaks them anywhere.

    Args:
        text: one line or more.
        out: where it is going to be written; a pipe or a file gets it as it is. None:
            it was closed.
        indent: columns before what goes on in the next line.
    """
    if out is None or not out.isatty():
        return text
    width = shutil.get_terminal_size().columns
    return "\n".join(
        textwrap.fill(
            line,
            max(width, indent + 20),
            subsequent_indent=" " * indent,
            break_long_words=False,  # an address or a path is to be copied whole
            break_on_hyphens=False,
        )
        for line in text.split("\n")
    )


def discard_output() -> None:
    """Write nothing more: Python's own flush at the exit must not complain again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
