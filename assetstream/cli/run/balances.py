"""Reads accounts once: connects all of them, and waits until each is LIVE."""

from __future__ import annotations

import time
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import Callable, Iterator, Sequence

from rich.console import Console
from rich.text import Text

from assetstream.cli.run.settling import Settling
from assetstream.cli.view.holdings import Holdings, look
from assetstream.model.errors import AssetStreamError, StreamTimeout
from assetstream.model.events import StateChange
from assetstream.model.states import State
from assetstream.streams.group import StreamGroup
from assetstream.streams.stream import AssetStream

__all__ = ["read_once"]

#: Seconds to wait for one more account to settle. Not for all of them together: how
#: long many take depends on how fast their exchanges let them connect.
PATIENCE = 30.0
#: Seconds between two looks at the clock and, on Windows, at Ctrl-C.
TICK = 0.25
#: Columns of the spinner, and of the ``^C`` that a terminal may write.
SPINNER = 6


def read_once(
    streams: Sequence[AssetStream],
) -> tuple[list[Holdings], list[AssetStreamError]]:
    """Return what the accounts hold, and of those that were not read, why.

    All are read at one moment, when the last of them is LIVE, and then stopped. On a
    terminal a spinner on stderr shows how far they are.

    Args:
        streams: not yet started.
    """
    news: SimpleQueue[StateChange | AssetStreamError] = SimpleQueue()
    group = StreamGroup(streams, on_state=news.put, on_error=news.put)
    try:
        group.start(wait=False)
        with _progress() as tell:
            _settle(Settling(len(streams)), news, tell)
        held: list[Holdings] = []
        errors: list[AssetStreamError] = []
        for stream in streams:
            if stream.state is State.LIVE:
                held.append(look(stream))
            else:
                errors.append(_reason(stream))
        return held, errors
    finally:
        group.stop()


def _settle(
    settling: Settling,
    news: SimpleQueue[StateChange | AssetStreamError],
    tell: Callable[[str], object],
) -> None:
    trouble = ""
    deadline = time.monotonic() + PATIENCE
    while not settling.over and time.monotonic() < deadline:
        tell(f"connecting {settling}{trouble}")
        try:
            event = news.get(timeout=TICK)
        except Empty:
            continue
        if not isinstance(event, StateChange):
            trouble = f"  {event.account}: {event}"
            continue
        before = settling.done
        settling.note(event.account, event.current)
        if settling.done > before:
            deadline = time.monotonic() + PATIENCE


def _reason(stream: AssetStream) -> AssetStreamError:
    if stream.state is State.FAILED and stream.error is not None:
        return stream.error
    latest = f": {stream.error}" if stream.error is not None else ""
    return StreamTimeout(
        f"not LIVE after {PATIENCE:.0f} s, it is {stream.state}{latest}",
        exchange=stream.exchange.name,
        account=stream.account,
    )


@contextmanager
def _progress() -> Iterator[Callable[[str], object]]:
    """Yield what shows one line beside a spinner, on a terminal only."""
    console = Console(stderr=True)
    if not console.file.isatty() or console.is_dumb_terminal:
        yield lambda line: None
        return
    with console.status("") as status:

        def tell(line: str) -> None:
            text = Text(line)
            text.truncate(console.width - SPINNER, overflow="ellipsis")
            status.update(text)

        yield tell
