"""Keys of a terminal."""

from __future__ import annotations

import io
import os
import queue
import sys
import threading

import pytest

from assetstream.cli.view.keyboard import Key, Keyboard, keys_in, open_keyboard
from tests.support.event_recorder import PATIENCE

pty = pytest.importorskip("pty", reason="Windows has no pseudo-terminals")


def test_what_keys_send_has_names() -> None:
    """Terminals send different sequences for the same key; unknown ones are nothing."""
    sent = "q\x1b[A\x1bOB\x1b[5~\x1b[6~\x1b[1~\x1b[4~\x1b[H\x1bOF\r\n\x7f\b\x0c"
    assert list(keys_in(sent)) == [
        *("q", "up", "down", "pageup", "pagedown", "home", "end", "home", "end"),
        *("enter", "enter", "backspace", "backspace", "redraw"),
    ]
    assert list(keys_in("\x1b[1;5C\x1b[15~\x01점")) == ["점"]
    assert list(keys_in("\x1b")) == ["escape"]


def test_keys_come_at_once_and_the_terminal_is_given_back() -> None:
    """No Enter is needed, and nothing is echoed; afterwards both are as before."""
    import termios

    master, slave = pty.openpty()
    before = termios.tcgetattr(slave)
    pressed: queue.SimpleQueue[Key] = queue.SimpleQueue()
    try:
        with Keyboard(slave).reading(pressed.put):
            during = termios.tcgetattr(slave)[3]
            for sent in (b"q", b"\x1b", b"\x1b[B"):
                os.write(master, sent)
                if sent == b"\x1b":
                    assert pressed.get(timeout=PATIENCE) == "escape"
                else:
                    assert pressed.get(timeout=PATIENCE) in ("q", "down")
        assert not during & (termios.ECHO | termios.ICANON)
        assert during & termios.ISIG, "Ctrl-C stays a signal"
        assert termios.tcgetattr(slave) == before
    finally:
        os.close(master)
        os.close(slave)


def test_a_terminal_that_was_closed_is_the_end_of_the_keys() -> None:
    """The thread does not read it over and over, and nothing is there to give back."""
    master, slave = pty.openpty()
    with Keyboard(slave).reading(lambda key: None):
        os.close(master)
        # It may have ended already.
        for thread in threading.enumerate():
            if thread.name == "assetstream-cli-keys":
                thread.join(PATIENCE)
                assert not thread.is_alive()
    os.close(slave)


def test_only_a_terminal_in_front_has_a_keyboard(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A pipe has none, nor has a program without standard input."""
    for nothing in (None, io.StringIO()):
        monkeypatch.setattr(sys, "stdin", nothing)
        assert open_keyboard() is None
    reader, writer = os.pipe()
    os.close(writer)
    with open(reader, encoding="utf-8") as pipe:
        monkeypatch.setattr(sys, "stdin", pipe)
        assert open_keyboard() is None
    master, slave = pty.openpty()
    with open(slave, encoding="utf-8") as terminal, open(master, "rb"):
        monkeypatch.setattr(sys, "stdin", terminal)
        assert open_keyboard() is not None
        monkeypatch.setattr(
            "assetstream.cli.view.keyboard.in_background", lambda descriptor: True
        )
        assert open_keyboard() is None
