"""The bound on a message's size, from the server to the user's error."""

from __future__ import annotations

import functools
import gc
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from assetstream import AssetStream, ProtocolError, State
from assetstream.runtime.net import transport
from assetstream.runtime.net.frames import Scanner
from assetstream.simulator import Simulator
from assetstream.simulator.account import Account
from tests.support.balances import known_balances, true_balances
from tests.support.clock import TimeMachine
from tests.support.event_recorder import EventRecorder

pytestmark = [
    pytest.mark.usefixtures("no_rate_limits"),
    pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc"),
]

MIB = 1024 * 1024
#: The most that memory may grow while it is announced and sent, MiB. The simulator's
#: share is in it: what it has queued, for it runs in the same process.
GROWTH = 16


@pytest.fixture
def account(exchange: Simulator) -> Account:
    """An account at one exchange: none of them reads a frame before it is whole."""
    return exchange.upbit({"BTC": "1"})


class Memory:
    """The growth of this process's memory at its peak."""

    def __init__(self) -> None:
        gc.collect()
        # Has the kernel forget the highest value so far.
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        self._before = self._read("VmRSS")

    @property
    def growth(self) -> float:
        """The growth in MiB."""
        return self._read("VmHWM") - self._before

    def _read(self, name: str) -> float:
        status = Path("/proc/self/status").read_text(encoding="ascii")
        found = re.search(rf"^{name}:\s+(\d+) kB$", status, re.MULTILINE)
        assert found is not None
        return int(found[1]) / 1024


def test_a_frame_of_200_mib_is_refused_and_survived(
    exchange: Simulator, account: Account, time_machine: TimeMachine
) -> None:
    """The header is refused each time, memory stays flat, LIVE comes back."""
    recorder = EventRecorder()
    with AssetStream(account.exchange(), **recorder.handlers()) as stream:
        memory = Memory()
        with exchange.fault("huge_frame", size=200 * MIB):
            for times in range(1, 4):
                error = recorder.wait_for(
                    lambda e, n=times: (
                        len(recorder.of(ProtocolError)) >= n
                        and isinstance(e, ProtocolError)
                    )
                )
            time_machine.jump(12, stream)  # REST has caught up with all reads.
            account.deposit("BTC", "1")
        recorder.wait_for(
            lambda e: getattr(e, "current", None) is State.LIVE,
            after=recorder.events.index(recorder.of(ProtocolError)[-1]),
        )
        growth = memory.growth
        assert known_balances(stream) == true_balances(account)
        assert stream.health().reconnects >= 1

    assert "over the limit" in str(error)
    assert not error.fatal
    assert growth < GROWTH


def test_the_measure_would_notice(
    exchange: Simulator, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the bound memory does grow."""
    unbound: Any = functools.partial(Scanner, limit=1 << 40)
    monkeypatch.setattr(transport, "Scanner", unbound)
    recorder = EventRecorder()
    with AssetStream(account.exchange(), **recorder.handlers()) as stream:
        memory = Memory()
        with exchange.fault("huge_frame", size=48 * MIB):
            recorder.wait_for(lambda e: isinstance(e, ProtocolError))
        growth = memory.growth
        assert stream.health().in_doubt

    assert growth > 40
