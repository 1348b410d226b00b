"""Lines of standard input."""

from __future__ import annotations

import io
import os
import sys
from typing import Iterator

import pytest

from assetstream.cli.console import stdin
from assetstream.cli.console.stdin import read_lines, stay_in_background


@pytest.fixture
def keyboard(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Return the end of a pipe that standard input reads."""
    reader, writer = os.pipe()
    with open(reader) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield writer


def test_lines_are_whole_however_they_come(keyboard: int) -> None:
    """Lines come in pieces, with odd bytes, the last without an end."""
    lines = read_lines()
    os.write(keyboard, b"fault si")
    os.write(keyboard, b"lent_drop\n\noff\xff\r\nquit")
    os.close(keyboard)

    assert list(lines) == ["fault silent_drop", "", "off\ufffd\r", "quit"]


def test_without_a_standard_input_nothing_is_typed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A windowed program has no stdin, a test's has no descriptor."""
    for given in (None, io.StringIO("quit\n")):
        monkeypatch.setattr(sys, "stdin", given)
        assert list(read_lines()) == []
        stay_in_background()


def test_in_the_background_it_waits_for_the_foreground(
    keyboard: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A background job may not read the terminal; that is no end."""
    read, refusals = os.read, iter([OSError(5, "refused")] * 2)

    def refuse_twice(descriptor: int, size: int) -> bytes:
        for error in refusals:
            raise error
        return read(descriptor, size)

    monkeypatch.setattr(stdin, "BACKGROUND", 0.0)
    monkeypatch.setattr(stdin, "in_background", lambda descriptor: True)
    monkeypatch.setattr(os, "read", refuse_twice)
    os.write(keyboard, b"quit\n")
    os.close(keyboard)
    assert list(read_lines()) == ["quit"]

    refusals = iter([OSError(9, "closed")])
    monkeypatch.setattr(stdin, "in_background", lambda descriptor: False)
    assert list(read_lines()) == []
