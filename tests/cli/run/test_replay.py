"""A run of ``assetstream replay``: its address, its progress and its end."""

from __future__ import annotations

import json
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from assetstream.cli.run import replay as module
from assetstream.cli.run.replay import ReplayRun


class TapeInProgress:
    """A replay whose progress is read a few times, and then interrupted."""

    def __init__(self, positions: list[float], *, ended: bool, **header: Any) -> None:
        self.header = SimpleNamespace(
            exchange="upbit",
            began="2026-01-01T12:00:00Z",
            **{"options": {"region": "sg"}, "scrambled": False, **header},
        )
        variables = {"UPBIT_ACCESS_KEY": "fake"}
        self.account = SimpleNamespace(environment=lambda: variables)
        self.cut_off = False
        self.lost = 0
        self._positions = iter(positions)
        self._at = 0.0
        self._ended = ended

    @property
    def played(self) -> Any:
        """Return how far the replay is."""
        return SimpleNamespace(
            position=self._at, length=11.0, frames=int(self._at), ended=self._ended
        )

    def wait_for_end(self, timeout: float) -> bool:
        """Advance to the next position; the end, or Ctrl-C, follows the last."""
        position = next(self._positions, None)
        if position is not None:
            self._at = position
        elif not self._ended:
            raise KeyboardInterrupt
        return position is None


class Interrupted:
    """An event that is never set, because Ctrl-C comes first."""

    def wait(self, timeout: float) -> None:
        """Raise KeyboardInterrupt."""
        raise KeyboardInterrupt


@pytest.fixture(autouse=True)
def ctrl_c_after_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Ctrl-C come right after the end."""
    monkeypatch.setattr(module, "threading", SimpleNamespace(Event=Interrupted))


def run(tape: Any, speed: float = 1.0, *, as_json: bool = False) -> int:
    """Run the command; return the exit code."""
    return ReplayRun(tape, Path("tape"), speed, as_json).run()


def test_people_read_where_it_is_and_how_it_ends(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Ctrl-C after the end exits with 0."""
    assert run(TapeInProgress([0.0, 5.0], ended=True)) == 0

    out, err = capsys.readouterr()
    assert out.startswith("tape: upbit (sg), 0:11, of 2026-01-01T12:00:00Z\n")
    assert "The keys are fake" in out
    assert "UPBIT_ACCESS_KEY" in out
    assert "It is played as fast as it was, once a client has subscribed." in out
    assert "The tape has ended: 0:11, 5 frames pushed." in out
    assert "the tape has begun: a client is there" in err


def test_ctrl_c_before_the_end_has_its_own_exit_code() -> None:
    """The exit code is the shell's for Ctrl-C."""
    assert run(TapeInProgress([0.0], ended=False)) == 130


def test_programs_read_objects(capsys: pytest.CaptureFixture[str]) -> None:
    """The first object has the address, the last one the end."""
    assert run(TapeInProgress([], ended=True), as_json=True) == 0

    serving, ended = map(json.loads, capsys.readouterr().out.splitlines())
    assert (serving["kind"], serving["exchange"]) == ("serving", "upbit")
    assert serving["environment"] == {"UPBIT_ACCESS_KEY": "fake"}
    assert ended == {"kind": "ended", "seconds": 11.0, "frames": 0}


@pytest.mark.parametrize(
    ("speed", "words"),
    [(math.inf, "as fast as can be"), (2.5, "2.5 times as fast as it was")],
)
def test_differences_from_the_recording_are_printed(
    capsys: pytest.CaptureFixture[str], speed: float, words: str
) -> None:
    """The lines name speed, amounts, form, and missing parts."""
    tape = TapeInProgress([], ended=True, scrambled=True, options={"format": "SIMPLE"})
    tape.cut_off, tape.lost = True, 2
    run(tape, speed)

    out = capsys.readouterr().out
    assert words in out
    assert "Its amounts are scrambled." in out
    assert "It was cut off" in out
    assert "2 things are missing" in out
    assert "Its frames have the format SIMPLE" in out
