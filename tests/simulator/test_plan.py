"""Faults as the command line writes them, and when they are on."""

from __future__ import annotations

from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from assetstream import AssetStream, State
from assetstream.simulator import Account, CoinWAccount, Simulator, UpbitAccount
from assetstream.simulator.plan import Planned, read, run
from tests.simulator.clients import (
    accounts,
    coinw_client,
    complete_balances,
    upbit_client,
    upbit_subscriber,
)

READ: dict[str, Planned] = {
    "silent_drop": Planned("silent_drop"),
    "silent_drop:10s": Planned("silent_drop", 0.0, 10.0),
    "silent_drop@500ms": Planned("silent_drop", 0.5),
    "silent_drop@5s:2m": Planned("silent_drop", 5.0, 120.0),
    "rest_stale,seconds=30": Planned("rest_stale", parameters={"seconds": 30.0}),
    "rest_stale@1s:2s,exchange=coinw,seconds=1m": Planned(
        "rest_stale", 1.0, 2.0, "coinw", {"seconds": 60.0}
    ),
    "clock_jump,seconds=-1.5": Planned("clock_jump", parameters={"seconds": -1.5}),
    "maintenance,retry_after=0": Planned(
        "maintenance", parameters={"retry_after": 0.0}
    ),
    "handshake_byte_by_byte,pause=1ms": Planned(
        "handshake_byte_by_byte", parameters={"pause": 0.001}
    ),
    "huge_frame,size=2000000": Planned("huge_frame", parameters={"size": 2_000_000}),
    "pushes_lost,share=0.1": Planned("pushes_lost", parameters={"share": 0.1}),
    "rest_omitting,currencies=btc+ETH": Planned(
        "rest_omitting", parameters={"currencies": ["BTC", "ETH"]}
    ),
    # Neither its colons nor its comma part anything.
    "upgrade_redirect,location=ws://127.0.0.1:9/a,b@c": Planned(
        "upgrade_redirect", parameters={"location": "ws://127.0.0.1:9/a,b@c"}
    ),
}
WRONG = {
    "": "form",
    "silent_drop,": "form",
    "silent_drop 10s": "form",
    "silent_drop:1s@1s": "form",
    "silent_drops": "did you mean silent_drop",
    "silent_drop:": "'' is no duration",
    "silent_drop@soon": "'soon' is no duration",
    "silent_drop@-1s": "'-1s' is no duration",
    "silent_drop,seconds=3": "silent_drop does not take seconds: it takes exchange",
    "tcp_refused,seconds=3": "it takes nothing",
    "tcp_refused,exchange=upbit": "no accounts",
    "login_invalid_auth,exchange=coinw": "cannot happen at coinw",
    "silent_drop,exchange=": "'' is no exchange; upbit and coinw are",
    "silent_drop,exchange=ftx": "'ftx' is no exchange",
    "rest_slow,seconds=1,seconds=2": "seconds twice",
    "rest_slow,seconds=": "rest_slow, seconds: '' is no time",
    "rest_slow,seconds=-1": "below 0",
    "rest_slow,seconds=inf": "'inf' is no time",
    "pushes_lost,share=2": "no share",
    "pushes_lost,share=half": "no share",
    "huge_frame,size=1e3": "no number of bytes",
    "upgrade_redirect,location=elsewhere": "no URL",
    "rest_omitting,currencies=BTC+": "names no currencies",
}


@pytest.mark.parametrize("text", READ)
def test_a_fault_is_read(text: str) -> None:
    """Name, beginning, length, victim, parameters."""
    assert read(text) == READ[text]


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_one_is_explained(text: str) -> None:
    """In one line."""
    with pytest.raises(ValueError, match=WRONG[text]) as raised:
        read(text)

    assert "\n" not in str(raised.value)


class Clock:
    """Time that passes only while somebody waits; what is seen before each wait."""

    def __init__(self, look: Any) -> None:
        self.now = 1000.0
        self.seen: list[tuple[float, Any]] = []
        self._look = look

    def wait(self, seconds: float | None) -> None:
        self.seen.append((self.now - 1000.0, self._look()))
        self.now += seconds or 0.0


def test_a_fault_begins_and_ends_in_its_time(
    exchange: Simulator, upbit: UpbitAccount, coinw: CoinWAccount
) -> None:
    """A delayed start, a length, and one to the end; a client sees each of them."""
    plan = [
        read("rest_failing@5s:10s,exchange=upbit"),
        read("rest_rate_limited@7s,exchange=coinw"),
        read("upgrade_503"),
        read("rest_garbage@20s"),
    ]

    def look() -> tuple[int, str]:
        with pytest.raises(InvalidStatus):
            upbit_client(upbit)
        return accounts(upbit)[0], str(complete_balances(coinw)["code"])

    clock = Clock(look)
    by_name: dict[str, Account] = {"upbit": upbit, "coinw": coinw}
    run(exchange, by_name, plan, 20.0, wait=clock.wait, now=lambda: clock.now)

    assert clock.seen == [
        (0.0, (200, "200")),
        (5.0, (500, "200")),
        (7.0, (500, "29001")),
        (15.0, (200, "29001")),
    ]


def test_parameters_arrive(
    exchange: Simulator, upbit: UpbitAccount, coinw: CoinWAccount
) -> None:
    """They are those that the fault was told on the command line."""
    texts = ["rest_omitting,currencies=usdt", "rest_stale,seconds=60,exchange=upbit"]
    by_name: dict[str, Account] = {"upbit": upbit, "coinw": coinw}
    run(exchange, by_name, [read(text) for text in texts], 0.0)
    assert not exchange.faults._on, "a run of no length has no faults"
    run(exchange, by_name, [read(text) for text in texts], 0.001)
    upbit.deposit("BTC", "1")

    assert list(complete_balances(coinw)["data"]) == ["BTC"]
    assert accounts(upbit)[2][1]["balance"] == "0.5"


def test_a_stream_meets_what_the_command_line_switched_on(
    exchange: Simulator, upbit: UpbitAccount, coinw: CoinWAccount
) -> None:
    """All pushes of one exchange are lost; the other's stream hears of a change."""
    by_name: dict[str, Account] = {"upbit": upbit, "coinw": coinw}
    run(exchange, by_name, [read("pushes_lost,exchange=upbit,share=1")], 0.001)
    with AssetStream(coinw.exchange()) as heard, AssetStream(upbit.exchange()) as deaf:
        with heard.expect(lambda update: update.currency == "BTC", timeout=10):
            upbit.deposit("BTC", "1")
            coinw.deposit("BTC", "1")
        assert heard.balance("BTC").total == coinw.balances["BTC"][0]
        assert deaf.state is State.LIVE
        assert deaf.balance("BTC").total == upbit.balances["BTC"][0] - 1
    with upbit_subscriber(upbit), coinw_client(coinw):
        pass
