"""Entries of a tape, and their lines."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any, Mapping

import pytest

from assetstream import AuthenticationError, CoinW, Gap, State, StateChange
from assetstream.recording.entries import (
    TapeEntry,
    closed,
    frames,
    lost,
    mark,
    replied,
    reported,
)
from assetstream.recording.mask import Mask

SECRET = "s" * 20


@pytest.fixture
def mask() -> Mask:
    """Return the mask of an account with a label."""
    return Mask(CoinW("k" * 20, SECRET), ["my-label"], scramble=False)


def of(entry: TapeEntry, mask: Mask) -> list[Mapping[str, Any]]:
    """Return the lines of an entry."""
    return list(entry(mask))


def test_each_frame_is_a_line(mask: Mask) -> None:
    """Frames of one read are separate lines; bytes that are no text are base64."""
    assert of(frames("received", [b"{}", b"\xff"]), mask) == [
        {"kind": "received", "text": "{}"},
        {"kind": "received", "base64": "/w=="},
    ]
    assert of(mark("opened"), mask) == [{"kind": "opened"}]
    assert of(lost(3), mask) == [{"kind": "lost", "count": 3}]


def test_nothing_leaves_unmasked(mask: Mask) -> None:
    """Frames, bodies, headers, reasons and messages are masked."""
    entries: list[TapeEntry] = [
        frames("sent", [SECRET.encode()]),
        replied("reply", 200, {"Server": SECRET, "Cookie": SECRET}, SECRET.encode()),
        closed(1008, SECRET),
        reported(AuthenticationError(f"my-label: {SECRET}")),
    ]
    lines = [line for entry in entries for line in of(entry, mask)]

    assert SECRET not in str(lines)
    assert "my-label" not in str(lines)
    assert lines[1]["headers"] == {"server": "***"}
    assert lines[2] == {"kind": "closed", "code": 1008, "reason": "***"}
    assert lines[3]["error"] == "AuthenticationError"
    assert lines[3]["fatal"] is False


def test_a_state_is_recorded_with_its_gap(mask: Mask) -> None:
    """A change to LIVE has its gap, if there was one."""
    ended = datetime.now(timezone.utc)
    gap = Gap(ended - timedelta(seconds=1.5), ended, recovered=2)
    change = StateChange(
        exchange="coinw",
        account="my-label",
        previous=State.STALE,
        current=State.LIVE,
        reason="recovered",
        gap=gap,
    )

    assert of(reported(change), mask) == [
        {
            "kind": "state",
            "previous": "STALE",
            "current": "LIVE",
            "reason": "recovered",
            "gap": {"seconds": 1.5, "recovered": 2},
        }
    ]
