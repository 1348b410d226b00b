"""The choice of a view by who reads standard output."""

from __future__ import annotations

import io
import sys

import pytest

from assetstream import AssetStream
from assetstream.cli.view.choose import choose_view, terminal
from assetstream.cli.view.lines import JsonLines, PlainLines
from assetstream.cli.view.terminal import TerminalView
from assetstream.simulator import Simulator


class Terminal(io.StringIO):
    """A standard output that is a terminal."""

    def isatty(self) -> bool:
        """Return True, as a terminal does."""
        return True


@pytest.fixture
def streams(exchange: Simulator) -> list[AssetStream]:
    """Make one stream."""
    return [AssetStream(exchange.coinw().exchange())]


def test_a_terminal_has_a_table(
    streams: list[AssetStream], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dumb terminal, or --json, has lines."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stdout", Terminal())
    assert isinstance(choose_view(False, streams)[0], TerminalView)
    assert isinstance(choose_view(True, streams)[0], JsonLines)
    monkeypatch.setenv("TERM", "dumb")
    assert isinstance(choose_view(False, streams)[0], PlainLines)


def test_a_pipe_has_lines_whatever_a_variable_declares(
    streams: list[AssetStream], monkeypatch: pytest.MonkeyPatch
) -> None:
    """FORCE_COLOR is for programs that colour."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr(sys, "stdout", io.StringIO())

    view, keyboard = choose_view(False, streams)
    assert isinstance(view, PlainLines)
    assert keyboard is None


def test_a_pipe_of_another_encoding_takes_any_word(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Characters that it lacks are escaped."""
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))
    assert terminal() is None
    print("점검", flush=True)

    assert written.getvalue().startswith(b"\\uc810\\uac80")
