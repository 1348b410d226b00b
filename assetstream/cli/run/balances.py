"""Reads accounts once: connects all of them, and waits until each is LIVE."""

from __future__ import annotations

import time
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Iterable, Sequence

from assetstream.cli.accounts.options import NO_ACCOUNTS
from assetstream.cli.view.status_line import StatusLine, settled
from assetstream.model.errors import (
    AssetStreamError,
    ConfigurationError,
    StreamTimeout,
)
from assetstream.model.health import Progress
from assetstream.model.states import State
from assetstream.sharing.copybook import ABSENT
from assetstream.streams.accounts import AccountSnapshot
from assetstream.streams.group import Group, StreamGroup
from assetstream.streams.stream import AssetStream, Stream, read_account, run_of

if TYPE_CHECKING:
    from assetstream.sharing.remote_group import RemoteGroup

__all__ = ["read_once"]

#: Seconds to wait for one more account to settle. Not for all of them together: how
#: long many take depends on how fast their exchanges let them connect.
SETTLE_TIME = 30.0
#: Seconds between two looks at the clock and, on Windows, at Ctrl-C.
TICK = 0.25


def read_once(
    streams: Sequence[AssetStream] | RemoteGroup,
) -> tuple[list[AccountSnapshot], list[AssetStreamError]]:
    """Return what the accounts hold, and of those that were not read, why.

    All are read at one moment, when the last of them is LIVE, and then stopped. On a
    terminal a spinner on stderr shows how far they are.

    Args:
        streams: not yet started; or a group that finds its accounts itself.
    """
    if isinstance(streams, Group):
        return _read_group(streams)
    events: SimpleQueue[Progress | AssetStreamError] = SimpleQueue()
    group = StreamGroup(streams, on_progress=events.put, on_error=events.put)
    status = StatusLine()
    try:
        group.start(wait=False)
        _settle(Progress(0, 0, len(streams)), events, status)
        return _read_live(streams)
    finally:
        status.end()
        group.stop()


def _read_group(
    group: RemoteGroup,
) -> tuple[list[AccountSnapshot], list[AssetStreamError]]:
    status = StatusLine()
    absent: list[AssetStreamError] = []

    def note(error: AssetStreamError) -> None:
        status.show(f"connecting  {error}")
        if error.problem == ABSENT and error.account is not None:
            # It may come some day, but not for who asks what there is now.
            absent.append(error)
            group.remove(error.account)

    group.on_error(note)
    try:
        status.show("connecting")
        group.start(timeout=SETTLE_TIME)
        if not len(group) and not absent:
            return [], [
                ConfigurationError(
                    "there are no accounts at the engine", remedy=NO_ACCOUNTS
                )
            ]
        held, errors = _read_live(group)
        return held, [*absent, *errors]
    except AssetStreamError as error:
        reasons = (*absent, *(stream.error for stream in group))
        return [], [error, *(reason for reason in reasons if reason is not None)]
    finally:
        group.stop()
        status.end()


def _read_live(
    streams: Iterable[Stream],
) -> tuple[list[AccountSnapshot], list[AssetStreamError]]:
    held: list[AccountSnapshot] = []
    errors: list[AssetStreamError] = []
    for stream in streams:
        if stream.state is State.LIVE:
            held.append(read_account(stream))
        else:
            errors.append(_reason(stream))
    return held, errors


def _settle(
    progress: Progress,
    events: SimpleQueue[Progress | AssetStreamError],
    status: StatusLine,
) -> None:
    trouble = ""
    deadline = time.monotonic() + SETTLE_TIME
    while progress.settled < progress.total and time.monotonic() < deadline:
        status.show(f"connecting {settled(progress)}{trouble}")
        try:
            event = events.get(timeout=TICK)
        except Empty:
            continue
        if not isinstance(event, Progress):
            trouble = f"  {event}"
            continue
        if event.settled > progress.settled:
            deadline = time.monotonic() + SETTLE_TIME
        progress = event


def _reason(stream: Stream) -> AssetStreamError:
    if stream.state is State.FAILED and stream.error is not None:
        return stream.error
    latest = stream.error
    return StreamTimeout(
        f"not LIVE after {SETTLE_TIME:.0f} s, it is {stream.state}"
        + (f": {latest.problem}" if latest is not None else ""),
        remedy=latest.remedy if latest is not None else "",
        hints=latest.hints if latest is not None else (),
        exchange=run_of(stream).origin.name,
        account=stream.account,
    )
