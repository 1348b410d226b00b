"""Events and files of archives, for their tests."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

from assetstream import AssetUpdate, Gap, Source, State, StateChange
from assetstream.archive.instants import microseconds

__all__ = ["START", "change", "crashed", "kept", "later", "update"]

START = datetime(2026, 1, 1, tzinfo=timezone.utc)


def later(seconds: float) -> datetime:
    """Return the time so many seconds after the start."""
    return START + timedelta(seconds=seconds)


def kept(seconds: float) -> int:
    """Return the same as the archive keeps it."""
    return microseconds(later(seconds))


def update(
    currency: str,
    available: str,
    seconds: float = 0.0,
    *,
    source: Source = Source.STREAM,
    account: str = "a",
) -> AssetUpdate:
    """Make an update that was received so many seconds after the start."""
    return AssetUpdate(
        "x",
        account,
        currency,
        Decimal(available),
        Decimal(0),
        None,
        later(seconds),
        source,
    )


def change(state: State, gap: Gap | None = None, *, account: str = "a") -> StateChange:
    """Make a change of state."""
    return StateChange("x", account, State.STALE, state, "so it is", gap)


def crashed(path: Path) -> Path:
    """Return a copy of an archive as it is found if its process is killed now."""
    copy = path.with_name("crashed.db")
    for suffix in ("", "-wal"):
        beside = path.with_name(path.name + suffix)
        if beside.exists():
            shutil.copy(beside, copy.with_name(copy.name + suffix))
    return copy
