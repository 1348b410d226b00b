"""Standard output, which may be a pipe whose reader goes away, or a full disk."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import Iterator

import click

__all__ = ["discard_output", "output"]


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
        click.echo(f"Error: the output cannot be written: {exc}", err=True)
        sys.exit(1)


def discard_output() -> None:
    """Write nothing more: Python's own flush at the exit must not complain again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
