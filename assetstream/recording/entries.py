"""Entries of a tape: each makes its lines once it is given the mask.

The writer's thread calls them, so the stream does not wait for the masking. The lines
lack their time.
"""

from __future__ import annotations

from typing import Any, Callable, Mapping, Sequence

from assetstream.model.errors import AssetStreamError
from assetstream.model.events import StateChange
from assetstream.recording.mask import Mask
from assetstream.recording.tape import pack

__all__ = ["TapeEntry", "closed", "frames", "lost", "mark", "replied", "reported"]

TapeEntry = Callable[[Mask], Sequence[Mapping[str, Any]]]


def mark(kind: str) -> TapeEntry:
    """Make an entry without content."""
    return lambda mask: [{"kind": kind}]


def frames(kind: str, data: Sequence[bytes]) -> TapeEntry:
    """Make the entry of frames that were sent, or received by one read."""
    return lambda mask: [{"kind": kind, **pack(mask.data(each))} for each in data]


def replied(
    kind: str, status: int, headers: Mapping[str, str], body: bytes
) -> TapeEntry:
    """Make the entry of an HTTP reply: to a read, or to an upgrade that was refused."""
    return lambda mask: [
        {
            "kind": kind,
            "status": status,
            "headers": mask.headers(headers),
            **pack(mask.data(body)),
        }
    ]


def closed(code: int | None, reason: str) -> TapeEntry:
    """Make the entry of a close by the exchange; ``code`` None: with no close frame."""
    return lambda mask: [{"kind": "closed", "code": code, "reason": mask.words(reason)}]


def lost(count: int) -> TapeEntry:
    """Make the entry that counts those that were not written."""
    return lambda mask: [{"kind": "lost", "count": count}]


def reported(event: StateChange | AssetStreamError) -> TapeEntry:
    """Make the entry of a change of the stream's state, or of an error."""
    if isinstance(event, StateChange):
        return lambda mask: [_state(event, mask)]
    return lambda mask: [
        {
            "kind": "error",
            "error": type(event).__name__,
            "message": mask.words(event.explanation),
            "fatal": event.fatal,
        }
    ]


def _state(change: StateChange, mask: Mask) -> Mapping[str, Any]:
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
