"""A stream survives each kind of fault, with true balances, and shows no secret."""

from __future__ import annotations

import threading
import time
from itertools import count
from typing import Any, Callable

import pytest

from assetstream import AssetStream, AssetStreamError
from assetstream.model.states import State
from assetstream.simulator import Simulator
from assetstream.simulator.account import Account
from assetstream.simulator.catalogue import (
    closes,
    create,
    frames,
    handshake,
    tcp,
)
from assetstream.simulator.coinw.faults import FORMS as REFUSED
from assetstream.simulator.registry import VENUES
from assetstream.simulator.upbit.faults import KEY_REFUSALS
from tests.programs.chaos.fault_effects import SILENCES, EffectCounter
from tests.programs.chaos.kinds import CONNECTING, READING, catalogue
from tests.support.balances import known_balances, true_balances
from tests.support.clock import TimeMachine
from tests.support.event_recorder import PATIENCE
from tests.support.secrecy import searched

#: Real seconds between two changes during a fault, and between two looks.
PACE = 0.01
#: From this look on the pause before each is as much longer: a busy machine needs real
#: seconds for a handshake, which has but a few of the stream's own.
PATIENT = 100
#: One exchange that logs in by its upgrade, and one that does by message.
FIRST = ("upbit", "coinw")
PARAMETERS: dict[str, dict[str, Any]] = {"huge_frame": {"size": 20 * 1024 * 1024}}
#: No exchange's own code decides what becomes of these, or it is tested where it does,
#: so one exchange is enough: that with the key in its upgrades, or in its frames.
ONCE = {
    **dict.fromkeys([*tcp.FAULTS, *handshake.FAULTS], "upbit"),
    **dict.fromkeys([*closes.FAULTS, *frames.FAULTS, "deep_nesting"], "coinw"),
}
#: Other forms of a refusal that is here: its words are tested where they are read.
FORMS = {*(name for name, *_ in KEY_REFUSALS), *REFUSED} - {
    *("login_nonce_used", "login_out_of_scope", "login_refused")
}
#: Those of ``FIRST`` at every run of the suite, those of the others with programs.
#: Where a refusal is final, that no secret shows is for ``tests/test_secrets.py``.
CASES = [
    pytest.param(name, venue, marks=[] if venue in FIRST else [pytest.mark.programs])
    for venue in VENUES
    for name in catalogue(venue)
    if ONCE.get(name, venue) == venue and name not in FORMS
]


def change(account: Account) -> None:
    """Move money so that both currencies and both fields change."""
    account.deposit("BTC", "0.25")
    order = account.place_order(pay="USDT", amount="10", receive="BTC")
    account.fill(order, "0.001", "5")


def recovered(stream: AssetStream, account: Account) -> bool:
    """Return whether the stream is LIVE with the account's balances."""
    return stream.state is State.LIVE and known_balances(stream) == true_balances(
        account
    )


@pytest.mark.usefixtures("no_rate_limits")
@pytest.mark.parametrize(("name", "venue"), CASES)
def test_a_stream_knows_the_ledger_again(
    name: str,
    venue: str,
    exchange: Simulator,
    time_machine: TimeMachine,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A reconnect or an audit finds all changes that the fault hid; no secret shows."""
    account = exchange.open(venue, {"BTC": "1", "USDT": "1000"})
    pause = threading.Event()

    def wait_until(met: Callable[[], object], passing: float) -> None:
        deadline = time.monotonic() + PATIENCE
        for look in count():
            if met():
                return
            assert time.monotonic() < deadline, (
                (stream.state, stream.error, known_balances(stream)),
                true_balances(account),
                recorder.events[-20:],
            )
            time_machine.jump(passing, stream)
            pause.wait(PACE * max(1.0, look / PATIENT))

    with searched(exchange, account, time_machine, capsys) as setup:
        stream, recorder = setup.live(), setup.recorder
        fault = create(name, **PARAMETERS.get(name, {}))
        counter = EffectCounter(
            name, fault, [lambda: [str(e) for e in recorder.of(AssetStreamError)]]
        )
        with exchange.faults.add(fault):
            change(account)
            if name in CONNECTING | READING:
                exchange.drop_connections()
            for _ in range(2):
                change(account)
                pause.wait(PACE)
            # Only to let a silence be noticed: most faults are met at once.
            passing = 1.0 if name in SILENCES else 0.0
            wait_until(lambda: counter.met, passing)
        wait_until(lambda: recovered(stream, account), 1.0)
        assert not any(error.fatal for error in recorder.of(AssetStreamError))
        setup.finish(stream)
