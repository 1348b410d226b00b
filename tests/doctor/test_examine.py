"""The thread of an examination, which ends as soon as nobody waits for it."""

from __future__ import annotations

import threading
from queue import SimpleQueue
from typing import Any

import pytest

from assetstream import AssetStream
from assetstream.doctor import examine as doctor
from assetstream.doctor.examination import Examination, Subject
from assetstream.simulator import Simulator
from assetstream.simulator.account import Account
from tests.support.event_recorder import PATIENCE


@pytest.mark.parametrize("stage", ["name look-up", "REST", "WebSocket", "subscription"])
def test_nothing_is_left_behind_when_it_is_given_up(
    exchange: Simulator, stage: str
) -> None:
    """Closing the iterator ends the thread in any step."""
    account = exchange.coinw({"BTC": "1"})
    before = {thread.name for thread in threading.enumerate()}
    for check in doctor.examine(Subject(account.exchange(), "mine"), 20.0):
        if check.name == stage:
            break
    account.wait_for_subscribers(0)

    left = {thread.name for thread in threading.enumerate()} - before
    assert not [name for name in left if "simulator" not in name]


@pytest.mark.parametrize(
    "fault", ["handshake_tls_unanswered", "handshake_unanswered", "login_unanswered"]
)
def test_giving_up_takes_no_time(exchange: Simulator, fault: str) -> None:
    """A step with seconds left is cancelled."""
    account = exchange.coinw({"BTC": "1"})
    examination = Examination(Subject(account.exchange(), "mine"), 2 * PATIENCE)
    items: SimpleQueue[Any] = SimpleQueue()
    with exchange.fault(fault):
        thread = threading.Thread(target=doctor._run, args=(examination, items))
        thread.start()
        waiting_for = {"handshake_tls_unanswered": "REST"}.get(fault, "WebSocket")
        while items.get(timeout=PATIENCE) != waiting_for:
            pass
        examination.cancel()
        thread.join(PATIENCE)
        assert not thread.is_alive()


def test_a_fault_of_ours_is_raised(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The caller gets the exception of the thread."""
    monkeypatch.setattr(doctor, "check_key", lambda exchange: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        AssetStream(account.exchange()).diagnose()
