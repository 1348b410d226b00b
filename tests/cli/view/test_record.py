"""The view of a running recording, and its summary."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from assetstream import AssetStream, ConnectionLost, State
from assetstream.cli.view import record
from assetstream.cli.view.record import RecordView
from assetstream.simulator import Simulator
from tests.support.histories import updates


class StatusLines:
    """Keeps the last line, and the lines above it."""

    def __init__(self) -> None:
        self.shown: list[str] = []
        self.noted: list[str] = []
        self.ended = False

    def show(self, text: str) -> None:
        """Keep the text."""
        self.shown.append(text)

    def note(self, text: str) -> None:
        """Keep the line."""
        self.noted.append(text)

    def end(self) -> None:
        """Note the end."""
        self.ended = True


@pytest.fixture
def status(monkeypatch: pytest.MonkeyPatch) -> StatusLines:
    """Give the status line of the view."""
    lines = StatusLines()
    monkeypatch.setattr(record, "StatusLine", lambda: lines)
    return lines


@pytest.fixture
def recorder() -> Any:
    """Make a recorder in the middle of its work."""
    return SimpleNamespace(
        path=Path("tape"), elapsed=61.9, frames=7, size=12_345, lost=0, error=None
    )


@pytest.fixture
def view(exchange: Simulator, status: StatusLines, recorder: Any) -> RecordView:
    """Make the view of a stream that was not started."""
    return RecordView(recorder, AssetStream(exchange.coinw().exchange()))


def test_updates_are_counted_and_all_else_is_noted(
    view: RecordView, status: StatusLines
) -> None:
    """The last line has the present figures."""
    with view:
        for update in updates((0, "BTC", "1", "0"), (1, "BTC", "2", "0")):
            view.show(update)
        view.show(ConnectionLost("no network", account="main"))
        view.paint()

    assert status.shown == ["1:01  NEW  7 frames  2 updates  12.3 KB"]
    (noted,) = status.noted
    assert "ConnectionLost" in noted
    assert "no network" in noted
    assert status.ended
    assert State.NEW in status.shown[0]


def test_a_full_disk_is_noted_once(
    view: RecordView, status: StatusLines, recorder: Any
) -> None:
    """Stream and figures go on."""
    recorder.error = OSError("the disk is full")
    view.paint()
    view.paint()

    assert status.noted == ["nothing more is written: the disk is full"]
    assert len(status.shown) == 2
    assert view.figures["error"] == "the disk is full"
    assert view.summary == (
        "The recording is incomplete: tape has its first 12.3 KB, then nothing more "
        "could be written."
    )


def test_what_was_lost_is_shown_and_summed_up(
    view: RecordView, status: StatusLines, recorder: Any
) -> None:
    """People and programs get the losses."""
    assert view.summary.startswith("Recorded 1:01, 7 frames received and 0 updates, in")
    assert "missing" not in view.summary
    recorder.lost = 3
    view.paint()

    assert status.shown[0].endswith("  3 LOST")
    assert "3 things are missing: the disk did not keep up." in view.summary
    assert view.summary.endswith("assetstream replay tape")
    assert view.figures == {
        "kind": "recorded",
        "file": "tape",
        "seconds": 61.9,
        "frames": 7,
        "updates": 0,
        "bytes": 12_345,
        "lost": 3,
        "error": None,
    }
