"""Entries of a tape, and the lines that they become."""

from __future__ import annotations

from typing import Any, Iterator, Mapping, Sequence, Union

from msgspec import Struct

from assetstream.model.errors import AssetStreamError
from assetstream.model.events import StateChange
from assetstream.recording.mask import Mask
from assetstream.recording.tape import pack

__all__ = [
    "ClosedByExchange",
    "EntriesLost",
    "Frames",
    "Mark",
    "Replied",
    "TapeEntry",
    "contents",
]


class Mark(Struct, frozen=True):
    """An entry without content."""

    kind: str


class Frames(Struct, frozen=True):
    """Frames that were sent, or received by one read."""

    kind: str
    frames: Sequence[bytes]


class Replied(Struct, frozen=True):
    """An HTTP reply: to a read, or to an upgrade that was refused."""

    kind: str
    status: int
    headers: Mapping[str, str]
    body: bytes


class ClosedByExchange(Struct, frozen=True):
    """A connection that the exchange closed; ``code`` None: without a close frame."""

    code: int | None
    reason: str


class EntriesLost(Struct, frozen=True):
    """A number of entries that were not written."""

    count: int


TapeEntry = Union[
    Mark,
    Frames,
    Replied,
    ClosedByExchange,
    EntriesLost,
    StateChange,
    AssetStreamError,
]


def contents(entry: TapeEntry, mask: Mask) -> Iterator[dict[str, Any]]:
    """Yield the lines of an entry, masked, without their time."""
    if isinstance(entry, Frames):
        for frame in entry.frames:
            yield {"kind": entry.kind, **pack(mask.data(frame))}
    elif isinstance(entry, Replied):
        yield {
            "kind": entry.kind,
            "status": entry.status,
            "headers": mask.headers(entry.headers),
            **pack(mask.data(entry.body)),
        }
    elif isinstance(entry, ClosedByExchange):
        reason = mask.words(entry.reason)
        yield {"kind": "closed", "code": entry.code, "reason": reason}
    elif isinstance(entry, StateChange):
        yield _state(entry, mask)
    elif isinstance(entry, AssetStreamError):
        yield {
            "kind": "error",
            "error": type(entry).__name__,
            "message": mask.words(str(entry)),
            "fatal": entry.fatal,
        }
    elif isinstance(entry, EntriesLost):
        yield {"kind": "lost", "count": entry.count}
    else:
        yield {"kind": entry.kind}


def _state(change: StateChange, mask: Mask) -> dict[str, Any]:
    content: dict[str, Any] = {
        "kind": "state",
        "previous": change.previous.value,
        "current": change.current.value,
        "reason": mask.words(change.reason),
    }
    if change.gap is not None:
        gap = change.gap
        content["gap"] = {"seconds": gap.duration, "recovered": gap.recovered}
    return content
