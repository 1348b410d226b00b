"""The README's picture: ``watch`` in a real terminal, as an SVG that moves.

::

    python -m tests.programs.picture docs/pictures/watch.svg

A simulated account trades, loses its connection and is LIVE again, while
``assetstream watch`` runs in a pseudo-terminal; the emulator pyte keeps what its window
shows, a few times a second. Each line that was ever shown is in the file once, with the
times at which it is seen, so the text can be selected and the file stays small. Where
pictures do not move, one moment of it is seen. Not on Windows.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections import defaultdict
from contextlib import ExitStack, contextmanager
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Any, Iterator, NamedTuple

import pyte

from assetstream.simulator import Account, Simulator

__all__ = ["Look", "Recording", "draw", "main"]

COLUMNS, LINES = 88, 17
#: Seconds before the first look: what was read later may be behind what was read then.
BEFORE = 11.0
#: Moments, seconds: trading begins, the connection is lost, the exchange is back, end.
TRADES, LOST, BACK, END = 1.0, 5.0, 8.0, 13.0
#: From one look at the window to the next, seconds.
LOOK = 0.25
#: The moment that is seen where pictures do not move, as a part of the whole.
STILL = 0.75

WIDTH, HEIGHT, SIZE, MARGIN = 8.4, 18.0, 14, 14
BACKGROUND, FOREGROUND = "#0d1117", "#c9d1d9"
COLOURS = {
    "black": BACKGROUND,
    "red": "#ff7b72",
    "green": "#3fb950",
    "brown": "#d29922",
    "blue": "#58a6ff",
    "magenta": "#bc8cff",
    "cyan": "#39c5cf",
    "white": "#b1bac4",
    "brightblack": "#6e7681",
    "dim": "#8b949e",
}


class Look(NamedTuple):
    """A run of characters of one look: a text, its colours, and whether it is bold."""

    column: int
    text: str
    colour: str
    background: str
    bold: bool


#: What a line of the window shows.
Line = tuple[Look, ...]


class Recording:
    """The window of a terminal, looked at again and again.

    Attributes:
        frames: all lines of each look.
    """

    def __init__(self) -> None:
        class Screen(pyte.Screen):  # type: ignore[misc, unused-ignore]
            """Shows dim text in a colour of its own, which pyte leaves out."""

            def select_graphic_rendition(self, *attrs: int, **kwargs: Any) -> None:
                super().select_graphic_rendition(*attrs, **kwargs)
                if 2 in attrs and not {38, 48} & {*attrs}:
                    self.cursor.attrs = self.cursor.attrs._replace(fg="dim")

        self._screen = Screen(COLUMNS, LINES)
        self._stream = pyte.ByteStream(self._screen)
        self.frames: list[list[Line]] = []

    def feed(self, data: bytes) -> None:
        """Let the window show what a program has written."""
        self._stream.feed(data)

    def look(self) -> None:
        """Keep what the window shows now."""
        self.frames.append([self._line(number) for number in range(LINES)])

    def _line(self, number: int) -> Line:
        cells = [self._screen.buffer[number][column] for column in range(COLUMNS)]
        looks = []
        for look, run in groupby(
            enumerate(cells), lambda at: (at[1].fg, at[1].bg, at[1].bold, at[1].reverse)
        ):
            found = list(run)
            colour, background, bold, reverse = look
            if reverse:
                colour, background = "black", colour
            text = "".join(cell.data for _, cell in found)
            if text.strip() or background != "default":
                looks.append(Look(found[0][0], text, colour, background, bold))
        return tuple(looks)


def draw(frames: list[list[Line]]) -> str:
    """Draw all frames, one after the other and again, as an SVG."""
    width = COLUMNS * WIDTH + 2 * MARGIN
    height = LINES * HEIGHT + 2 * MARGIN
    still = int(len(frames) * STILL)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}" font-size="{SIZE}" '
        'font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace">',
        f'<rect width="100%" height="100%" rx="8" fill="{BACKGROUND}"/>',
    ]
    for number in range(LINES):
        seen: dict[Line, list[int]] = defaultdict(list)
        for time_, frame in enumerate(frames):
            seen[frame[number]].append(time_)
        for line, times in seen.items():
            if line:
                parts += _group(line, number, times, len(frames), still in times)
    return "\n".join([*parts, "</svg>", ""])


def _group(
    line: Line, number: int, times: list[int], total: int, still: bool
) -> Iterator[str]:
    y = MARGIN + number * HEIGHT
    yield "<g>" if still else '<g visibility="hidden">'
    for look in line:
        x, wide = MARGIN + look.column * WIDTH, len(look.text) * WIDTH
        if look.background != "default":
            yield (
                f'<rect x="{x:g}" y="{y:g}" width="{wide:g}" height="{HEIGHT:g}" '
                f'fill="{_colour(look.background, BACKGROUND)}"/>'
            )
        if text := look.text.rstrip():
            wide = len(text) * WIDTH
            bold = ' font-weight="bold"' if look.bold else ""
            yield (
                f'<text x="{x:g}" y="{y + 13:g}" textLength="{wide:g}" '
                f'xml:space="preserve" fill="{_colour(look.colour, FOREGROUND)}"{bold}>'
                f"{escape(text)}</text>"
            )
    if len(times) < total:
        changes = [0, *(t for t in range(1, total) if (t in times) != (t - 1 in times))]
        values = ";".join("visible" if t in times else "hidden" for t in changes)
        moments = ";".join(f"{t / total:.4g}" for t in changes)
        yield (
            f'<animate attributeName="visibility" values="{values}" '
            f'keyTimes="{moments}" calcMode="discrete" dur="{total * LOOK:g}s" '
            'repeatCount="indefinite"/>'
        )
    yield "</g>"


def _colour(name: str, default: str) -> str:
    if name == "default":
        return default
    known = COLOURS.get(name) or COLOURS.get(name.removeprefix("bright"))
    return known or f"#{name}"


def record() -> Recording:
    """Run ``watch`` in a terminal through the moments of the picture."""
    recording = Recording()
    with ExitStack() as stack:
        exchange = stack.enter_context(Simulator(seed=3))
        account = exchange.upbit(
            {"SGD": "25000", "BTC": "0.42", "ETH": "6.5", "DOGE": "1500"}
        )
        trading, outage = ExitStack(), ExitStack()
        stack.enter_context(trading)
        stack.enter_context(outage)

        def trade() -> None:
            outage.close()
            trading.enter_context(account.trade(rate=1.2))

        def lose() -> None:
            trading.close()
            outage.enter_context(exchange.refuse_upgrades(503))
            exchange.drop_connections()
            account.deposit("DOGE", "250")

        acts = {TRADES: trade, LOST: lose, BACK: trade}
        terminal = stack.enter_context(watching(account))
        account.wait_for_subscribers(timeout=60.0)
        began = time.monotonic() + BEFORE
        for look in range(round(END / LOOK)):
            until = began + look * LOOK
            while (left := until - time.monotonic()) > 0:
                if select.select([terminal], [], [], left)[0]:
                    recording.feed(os.read(terminal, 65536))
            recording.look()
            acts.get(look * LOOK, lambda: None)()
    return recording


@contextmanager
def watching(account: Account) -> Iterator[int]:
    """Run ``watch`` in a terminal of its own; give the other end of that."""
    parent, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("4H", LINES, COLUMNS, 0, 0))
    unset = ("NO_COLOR", "COLUMNS", "LINES", "FORCE_COLOR")
    inherited = {k: v for k, v in os.environ.items() if k not in unset}
    watch = subprocess.Popen(
        [sys.executable, "-m", "assetstream.cli", "watch", "upbit", "--region=sg"],
        stdin=child,
        stdout=child,
        env={**inherited, **account.environment(), "TERM": "xterm-256color"},
    )
    os.close(child)
    try:
        yield parent
    finally:
        watch.kill()
        watch.wait()
        os.close(parent)


def main() -> None:
    """Record, and write the picture to the file that is named."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.programs.picture",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", type=Path, help="the SVG to write")
    file: Path = parser.parse_args().file
    picture = draw(record().frames)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(picture, encoding="utf-8")
    print(f"{file}: {len(picture) / 1000:.0f} KB")


if __name__ == "__main__":
    main()
