"""The keys of a terminal, as they are pressed.

Ctrl-C and Ctrl-Z stay signals. No other key is echoed, or waits for Enter.
"""

from __future__ import annotations

import re
import sys
import threading
from contextlib import contextmanager, suppress
from typing import Callable, Iterator

from assetstream.cli.console.stdin import in_background

__all__ = ["Key", "Keyboard", "keys_in", "open_keyboard"]

#: Seconds between two looks at whether it is over; on Windows, at the keyboard.
TICK = 0.05
#: Bytes of one read.
CHUNK = 1024
#: What one key sends.
SENT = re.compile(r"\x1b[\[O][0-9;]*[A-Za-z~]|.", re.DOTALL)
#: What it sends -> its name. Terminals differ in what "home" and "end" send.
NAMES = {
    "\x1b": "escape",
    "\r": "enter",
    "\n": "enter",
    "\x7f": "backspace",
    "\b": "backspace",
    "\x0c": "redraw",
    "\x1b[5~": "pageup",
    "\x1b[6~": "pagedown",
    "\x1b[1~": "home",
    "\x1b[7~": "home",
    "\x1b[4~": "end",
    "\x1b[8~": "end",
    **{
        f"\x1b{kind}{letter}": name
        for kind in "[O"
        for letter, name in zip("ABHF", ("up", "down", "home", "end"), strict=True)
    },
}


class Key(str):
    """A letter that was typed, or the name of a key that writes none."""

    __slots__ = ()


def keys_in(text: str) -> Iterator[Key]:
    """Yield the keys that sent a text; those without a meaning here are left out."""
    for sent in SENT.findall(text):
        if sent in NAMES:
            yield Key(NAMES[sent])
        elif sent.isprintable():
            yield Key(sent)


class Keyboard:
    """Reads the keys of a terminal.

    Args:
        descriptor: of the terminal.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @contextmanager
    def reading(self, pressed: Callable[[Key], object]) -> Iterator[None]:
        """Call ``pressed`` for each key, in a thread, inside the block."""
        over = threading.Event()

        def read() -> None:
            while not over.is_set():
                text = typed(self._descriptor)
                if text is None:
                    break
                for key in keys_in(text):
                    pressed(key)

        thread = threading.Thread(target=read, name="assetstream-cli-keys")
        with key_by_key(self._descriptor):
            thread.start()
            try:
                yield
            finally:
                over.set()
                thread.join()


def open_keyboard() -> Keyboard | None:
    """Return the keyboard of standard input; None if that is none, or not for us."""
    try:
        descriptor = sys.stdin.fileno()
    except (AttributeError, OSError, ValueError):  # a GUI program has no standard input
        return None
    if not sys.stdin.isatty() or in_background(descriptor):
        return None
    return Keyboard(descriptor)


if sys.platform == "win32":
    import msvcrt
    import time

    #: The second letter of a key that sends two -> what it sends elsewhere.
    SCANNED = {
        "H": "\x1b[A",
        "P": "\x1b[B",
        "G": "\x1b[H",
        "O": "\x1b[F",
        "I": "\x1b[5~",
        "Q": "\x1b[6~",
    }

    @contextmanager
    def key_by_key(descriptor: int) -> Iterator[None]:
        """Do nothing: the console gives key by key to who asks so."""
        yield

    def typed(descriptor: int) -> str | None:
        """Return what was typed; empty if nothing was for a moment."""
        if not msvcrt.kbhit():
            time.sleep(TICK)
            return ""
        letter = msvcrt.getwch()
        return SCANNED.get(msvcrt.getwch(), "") if letter in "\0\xe0" else letter

else:
    import os
    import select
    import termios
    import tty

    @contextmanager
    def key_by_key(descriptor: int) -> Iterator[None]:
        """Have the terminal give key by key inside the block, and echo none."""
        modes = termios.tcgetattr(descriptor)
        tty.setcbreak(descriptor, termios.TCSADRAIN)
        try:
            yield
        finally:
            with suppress(termios.error):  # the terminal was closed
                termios.tcsetattr(descriptor, termios.TCSADRAIN, modes)

    def typed(descriptor: int) -> str | None:
        """Return what was typed; empty if nothing was for a moment, None at the end."""
        data = read(descriptor)
        if data == b"\x1b":
            # A slow line may split what one key sends from its Escape.
            data += read(descriptor) or b""
        return None if data is None else data.decode(errors="ignore")

    def read(descriptor: int) -> bytes | None:
        """Return what there is within a moment; None at the end."""
        ready, _, _ = select.select([descriptor], [], [], TICK)
        if not ready:
            return b""
        try:
            return os.read(descriptor, CHUNK) or None
        except OSError:  # the terminal was closed
            return None
