"""What happened, as the lines of a tape say it."""

from __future__ import annotations

from typing import Any, Iterator, Mapping, Sequence, Union

from msgspec import Struct

from assetstream.model.errors import AssetStreamError
from assetstream.model.events import StateChange
from assetstream.recording.mask import Mask
from assetstream.recording.tape import pack

__all__ = ["Closed", "Entry", "Frames", "Lost", "Mark", "Replied", "contents"]


class Mark(Struct, frozen=True):
    """Something of which only the kind is told."""

    kind: str


class Frames(Struct, frozen=True):
    """Frames that were sent, or came in one read."""

    kind: str
    frames: Sequence[bytes]


class Replied(Struct, frozen=True):
    """An HTTP answer: of a read, or of an upgrade that was refused."""

    kind: str
    status: int
    headers: Mapping[str, str]
    body: bytes


class Closed(Struct, frozen=True):
    """The exchange closed."""

    code: int | None
    reason: str


class Lost(Struct, frozen=True):
    """So many things were not written."""

    count: int


Entry = Union[Mark, Frames, Replied, Closed, Lost, StateChange, AssetStreamError]


def contents(entry: Entry, mask: Mask) -> Iterator[dict[str, Any]]:
    """The lines that tell of it, masked, without their time."""
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
    elif isinstance(entry, Closed):
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
    elif isinstance(entry, Lost):
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
