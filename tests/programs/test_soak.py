"""``python -m tests.programs.soak`` in small."""

from __future__ import annotations

import sys

import pytest

from tests.programs import soak
from tests.support.processes import Program


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
@pytest.mark.programs
def test_nothing_grows() -> None:
    """Memory, threads and descriptors stay the same over updates and reconnects."""
    small = ("--updates", "20000", "--reconnects", "20", "--idle", "0.2")
    with Program("-m", "tests.programs.soak", *small) as running:
        # Each may take its time on a busy machine.
        for phase in ("quiet coinw:", "updates:", "reconnects:"):
            running.wait_for(phase)
        code = running.finish()

    assert code == 0, running.output
    assert running.err == []
    assert [line.split()[0] for line in running.out[2:12]] == ["updates"] * 10
    assert [line.split()[0] for line in running.out[13:23]] == ["reconnects"] * 10


def test_growth_and_leaks_are_found(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Memory counts from the second sample on, threads from the first."""
    memory = iter([40.0, 50.0, 50.0 + soak.GROWTH, 50.1 + soak.GROWTH])
    kept = iter([(5, 16), (5, 16), (6, 16), (5, 16)])
    monkeypatch.setattr(soak, "memory", lambda: next(memory))
    monkeypatch.setattr(soak, "settled", lambda expected: next(kept))
    gauge = soak.Gauge("updates")
    for done in range(3):
        gauge.sample(done)
    assert gauge.finish() == [
        "updates: (threads, descriptors) (5, 16) became (6, 16)",
    ]
    gauge.sample(3)
    grown = gauge.finish()[1]

    assert grown == "updates: memory grew by 1.10 MiB"
    assert "51.10 MiB" in capsys.readouterr().out
