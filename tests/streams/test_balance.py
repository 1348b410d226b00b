"""``balance()`` and ``total()``: a number as good as asked for, or none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from assetstream import (
    AssetStream,
    AuthenticationError,
    ConfigurationError,
    Source,
    StaleBalance,
    State,
    StreamGroup,
)
from assetstream.simulator import Fault, Reply, Request, Simulator
from assetstream.simulator.account import Account
from tests.support.clock import TimeMachine
from tests.support.event_recorder import PATIENCE, EventRecorder
from tests.support.groups import BALANCES

pytestmark = pytest.mark.usefixtures("no_rate_limits")


class Lists(Fault):
    """Answers each read by these entries."""

    def __init__(self, *entries: object) -> None:
        self._body = json.dumps(entries).encode()

    def rest(self, request: Request) -> Reply | None:
        return Reply(200, self._body, {"Content-Type": "application/json"})


def entry(currency: str, balance: str) -> dict[str, str]:
    return {"currency": currency, "balance": balance, "locked": "0"}


def test_w2_balances_that_were_taken_do_not_change(account: Account) -> None:
    """They are those of one moment."""
    with AssetStream(account.exchange()) as stream:
        before = stream.balances
        with stream.expect(lambda update: update.currency == "ETH", timeout=PATIENCE):
            account.deposit("ETH", "5")

        assert "ETH" in stream.balances
        assert "ETH" not in before


# Codes


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("BTC\n", r"'BTC\\n' is no currency.*Write 'BTC'\."),
        (" BTC", r"Write 'BTC'\."),
        ("BTC\t", r"Write 'BTC'\."),
        ("BTC\u200b", r"Write 'BTC'\."),
        ("B TC", r"Write 'BTC'\."),
        ("KRW-BTC", r"'KRW-BTC' is a market, not a currency. Write 'KRW' or 'BTC'\."),
        ("btc/usdt", r"is a market.*Write 'btc' or 'usdt'\."),
        ("BTC/USDT:USDT", r"is a market.*Write 'BTC' or 'USDT'\."),
        ("BTC_USDT", r"is a market.*Write 'BTC' or 'USDT'\."),
        ("", "must be a code such as 'BTC'"),
        ("  ", "must be a code such as 'BTC'"),
        (None, "must be a code such as 'BTC'"),
        (b"BTC", "must be a code such as 'BTC'"),
    ],
)
def test_s4_a_code_that_no_exchange_could_have_is_not_zero(
    exchange: Simulator, code: Any, words: str
) -> None:
    """It is refused, with what to write instead: before the start, and by groups."""
    account = exchange.upbit({"BTC": "1.5"})
    stream = AssetStream(account.exchange())
    group = StreamGroup([AssetStream(account.exchange(), account="a")])
    for ask in (stream.balance, group.total):
        with pytest.raises(ConfigurationError, match=words):
            ask(code)


def test_a_code_that_is_held_is_one_whatever_it_looks_like(exchange: Simulator) -> None:
    """An exchange may call a currency as it likes."""
    account = exchange.upbit({"A-B": "2", "가나": "3", "1INCH": "4", "USDC.E": "5"})
    with AssetStream(account.exchange()) as stream:
        for code, amount in (("a-b", 2), ("가나", 3), ("1inch", 4), ("usdc.e", 5)):
            assert stream.balance(code, max_age=PATIENCE).total == amount
        with pytest.raises(ConfigurationError, match="is a market"):
            stream.balance("A-C")


# max_age


@pytest.mark.parametrize("name", ["max_age", "verified"])
@pytest.mark.parametrize("wrong", ["30", -1, float("nan"), True, [1]])
def test_what_is_no_number_of_seconds_is_refused(
    exchange: Simulator, name: str, wrong: Any
) -> None:
    """Before it is looked whether the balance is known."""
    stream = AssetStream(exchange.upbit().exchange())
    with pytest.raises(ConfigurationError, match=f"{name} must be a number of sec"):
        stream.balance("BTC", **{name: wrong})


def test_with_max_age_every_state_but_live_refuses(
    exchange: Simulator, account: Account
) -> None:
    """However young the number is; without, it is given and marked."""
    recorder = EventRecorder()
    stream = AssetStream(account.exchange(), **recorder.handlers())
    with pytest.raises(StaleBalance, match=r"BTC is not known.*the stream is NEW"):
        stream.balance("BTC", max_age=1e9)
    with stream:
        assert stream.balance("BTC", max_age=PATIENCE).available == 1
        with exchange.refuse_upgrades(503):
            exchange.drop_connections()
            recorder.wait_for_state(State.STALE)
            for limits in ({"max_age": 1e9}, {"verified": 1e9}):
                with pytest.raises(
                    StaleBalance, match="may be out of date; the stream is STALE: Upbit"
                ):
                    stream.balance("BTC", **limits)
            assert stream.balance("BTC").stale
    with pytest.raises(StaleBalance, match="the stream is STOPPED"):
        stream.balance("BTC", max_age=1e9)


def test_a_stream_that_has_failed_says_why(
    exchange: Simulator, account: Account
) -> None:
    """Both what happened, and what to do about it."""
    stream = AssetStream(account.exchange())
    with exchange.refuse_logins(), pytest.raises(AuthenticationError) as refusal:
        stream.start()
    with pytest.raises(StaleBalance) as refused:
        stream.balance("BTC", verified=1)

    why = refusal.value
    assert refused.value.problem.endswith(f"the stream is FAILED: {why.problem}")
    assert refused.value.remedy == why.remedy


def test_verified_refuses_what_no_read_has_agreed_with(
    account: Account, time_machine: TimeMachine
) -> None:
    """Pushes and pongs prove the connection, not that everything is pushed."""
    with AssetStream(account.exchange(), audit_interval=None) as stream:
        assert stream.balance("BTC", verified=PATIENCE).available == 1
        assert stream.balance("ETH", verified=PATIENCE).total == 0
        time_machine.jump(8, stream)
        assert stream.balance("BTC", max_age=PATIENCE).available == 1
        for currency in ("BTC", "ETH"):
            words = rf"REST last agreed with {currency} \d+\.\d s ago, more than 7 s"
            with pytest.raises(StaleBalance, match=words):
                stream.balance(currency, verified=7)


def test_verified_refuses_what_was_only_pushed(account: Account) -> None:
    """No read has named it so far."""
    with AssetStream(account.exchange(), audit_interval=None) as stream:
        # A push that comes long enough after the first read is beyond doubt.
        book = stream._run.started().session.machine._book
        with stream.expect(lambda u: u.currency == "ETH", PATIENCE):
            account.deposit("ETH", "1")
        book.enter("ETH").evidence.open = ()
        stream._run.started().present.doubts = {}
        with pytest.raises(StaleBalance, match="no read by REST has agreed with ETH"):
            stream.balance("ETH", verified=PATIENCE)


def test_a_balance_that_is_replaced_while_it_is_looked_at_is_not_refused(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its object is stale, its currency is not: the newer one is given."""
    with AssetStream(account.exchange()) as stream:
        present = stream._run.started().present
        really, old = present.balance, present.balances["BTC"]
        taken = [old]

        def balance(currency: str) -> Any:
            return taken.pop() if taken else really(currency)

        new = replace(old, available=old.available + 1)
        present.balances = {**present.balances, "BTC": new}
        monkeypatch.setattr(present, "balance", balance)

        assert stream.balance("BTC", max_age=PATIENCE) is new


# S2 and S4: entries that cannot be read


def test_s4_an_entry_that_stays_unreadable_costs_its_own_currency_alone(
    exchange: Simulator, recorder: EventRecorder
) -> None:
    """What was never named is zero, and its first push is STREAM (fault 27)."""
    account = exchange.upbit({"SGD": "100"})
    dust = Lists(entry("SGD", "100"), entry("DUST", "-0.00000001"))
    with (
        exchange.faults.add(dust),
        AssetStream(account.exchange(), on_error=recorder) as stream,
    ):
        assert stream.balance("XYZ", max_age=PATIENCE).total == 0
        assert stream.balance("SGD", max_age=PATIENCE).total == 100
        with pytest.raises(StaleBalance):
            stream.balance("DUST", max_age=PATIENCE)
        with stream.expect(lambda u: u.currency == "BTC", PATIENCE) as bought:
            account.deposit("BTC", "1")

    assert (bought.update.source, bought.update.change) == (Source.STREAM, 1)


def test_s4_so_it_does_in_a_group(exchange: Simulator, recorder: EventRecorder) -> None:
    """The other account's currencies still have a total (fault 42)."""
    one, other = exchange.upbit({"BTC": "1"}), exchange.coinw(BALANCES)
    dust = Lists(entry("BTC", "1"), entry("DUST", "-0.00000001"))

    class OfUpbit(Lists):
        def rest(self, request: Request) -> Reply | None:
            return dust.rest(request) if request.exchange == "upbit" else None

    group = StreamGroup(
        [
            AssetStream(one.exchange(), account="a"),
            AssetStream(other.exchange(), account="b"),
        ],
        on_error=recorder,
    )
    with exchange.faults.add(OfUpbit()), group:
        assert group.total("BTC", max_age=PATIENCE) == 2
        assert group.total("USDT", max_age=PATIENCE) == 1000
        assert group.total("XYZ", max_age=PATIENCE, verified=PATIENCE) == 0
        with pytest.raises(StaleBalance, match=r"^a: DUST"):
            group.total("DUST", max_age=PATIENCE)


def test_s2_an_entry_without_a_name_makes_the_unnamed_unknown(
    exchange: Simulator, recorder: EventRecorder
) -> None:
    """It may have been any currency: nothing is said to be zero."""
    account = exchange.upbit({"SGD": "100"})
    nameless = Lists(entry("SGD", "100"), {"balance": "1", "locked": "0"})
    with (
        exchange.faults.add(nameless),
        AssetStream(account.exchange(), on_error=recorder) as stream,
    ):
        assert stream.balance("SGD", max_age=PATIENCE).total == 100
        with pytest.raises(StaleBalance, match="XYZ is not known"):
            stream.balance("XYZ")
