"""The duties of every simulated exchange."""

from __future__ import annotations

import math
from decimal import Decimal
from pathlib import Path
from typing import Iterator

import pytest

from assetstream import (
    AssetStream,
    AuthenticationError,
    ConfigurationError,
    ExchangeError,
    RateLimited,
    Source,
)
from assetstream.exchanges import EXCHANGES, build
from assetstream.model.states import State
from assetstream.recording.recorder import Recorder
from assetstream.simulator import STARTING_BALANCES, Account, Replay, Simulator
from assetstream.simulator.catalogue import create
from assetstream.simulator.registry import FAULTS, REGISTRY, VENUES
from tests.support.balances import known_balances, true_balances
from tests.support.clients import call
from tests.support.event_recorder import PATIENCE, EventRecorder
from tests.support.specs import adapter_at, keys_of, located

pytestmark = pytest.mark.usefixtures("no_rate_limits")


@pytest.fixture
def exchange() -> Iterator[Simulator]:
    """A simulator without rate limits."""
    with Simulator(rate_limits=False) as simulator:
        yield simulator


@pytest.fixture(params=sorted(VENUES))
def account(request: pytest.FixtureRequest, exchange: Simulator) -> Account:
    """An account on each exchange in turn."""
    name: str = request.param
    return exchange.open(name, STARTING_BALANCES[name])


def test_every_exchange_is_simulated() -> None:
    """A bot can be tried on each of them without a key."""
    assert list(VENUES) == list(EXCHANGES)
    assert {entry.exchange for entry in FAULTS.values()} <= VENUES.keys()


def test_no_two_exchanges_have_a_fault_of_the_same_name() -> None:
    """The later would silently take the place of the other."""
    assert len(FAULTS) == sum(len(faults) for _, faults in REGISTRY)


def test_another_exchange_is_refused(exchange: Simulator) -> None:
    """The text names those that there are."""
    with pytest.raises(ConfigurationError, match=r"'upbit', .*not 'mtgox'"):
        exchange.open("mtgox")
    with pytest.raises(TypeError):
        exchange.open("upbit", colour="red")


def test_a_stream_follows_its_account(account: Account) -> None:
    """LIVE with what is there; every kind of change is pushed."""
    recorder = EventRecorder()
    pay, receive, *_ = STARTING_BALANCES[account.name]
    with AssetStream(account.exchange(), **recorder.handlers()) as stream:
        assert known_balances(stream) == true_balances(account)
        account.deposit(receive, "0.125")
        order = account.place_order(pay=pay, amount="5", receive=receive)
        account.fill(order, "0.001", "2.5")
        account.cancel(order)
        account.deposit("DOGE", "7")
        account.withdraw("DOGE", "7")
        stream.wait_until(
            lambda b: known_balances(stream) == true_balances(account), PATIENCE
        )
        recorder.wait_for(
            lambda e: getattr(e, "currency", "") == "DOGE" and not e.available
        )
        assert not stream.error
        assert stream.health().drifts == 0

    assert {u.source for u in recorder.updates} == {Source.SNAPSHOT, Source.STREAM}


def test_its_environment_leads_a_program_to_it(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variables are those that its class declares, whatever the keys' number."""
    for name, value in account.environment().items():
        monkeypatch.setenv(name, value)
    exchange = build(account.name, **located(EXCHANGES[account.name]))

    assert keys_of(exchange) == account.keys == keys_of(account.exchange())
    assert (exchange.ws_url, exchange.rest_url) == (account.ws_url, account.rest_url)
    with AssetStream(exchange) as stream:
        assert known_balances(stream) == true_balances(account)


@pytest.mark.parametrize("place", [0, -1])
def test_a_wrong_key_or_secret_is_refused(account: Account, place: int) -> None:
    """In words by which the adapter knows that trying again cannot help."""
    keys = [*account.keys]
    keys[place] = keys[place][:-1] + ("x" if keys[place][-1] != "x" else "y")
    stream = AssetStream(adapter_at(account.exchange(), keys=keys))

    with pytest.raises(AuthenticationError) as caught:
        stream.start(timeout=PATIENCE)
    assert caught.value.fatal
    assert stream.state is State.FAILED


def test_a_key_that_may_not_view_is_refused(exchange: Simulator) -> None:
    """So is one that is used from elsewhere."""
    for name in VENUES:
        for options in ({"permissions": ()}, {"allowed_ips": ("192.0.2.1",)}):
            account = exchange.open(name, {"BTC": "1"}, **options)
            stream = AssetStream(account.exchange())
            with pytest.raises(ExchangeError) as caught:
                stream.start(timeout=PATIENCE)
            assert caught.value.fatal, (name, options)


def test_it_is_reached_by_its_name_below_the_port(account: Account) -> None:
    """Many exchanges have the same paths: each has one of its own here."""
    status, _, _ = call(account.context.url, "GET", f"/{account.name}/nowhere")

    assert status in (400, 401, 404)


def test_a_request_too_many_is_told_in_its_own_words(account: Account) -> None:
    """The adapter takes it for what it is."""
    exchange = account.exchange()
    reply = VENUES[account.name].too_often(3.0)

    with pytest.raises(RateLimited):
        exchange.read_replied(reply.status, reply.headers, reply.body)


def test_an_error_that_is_not_about_the_client_ends_nothing(
    exchange: Simulator, account: Account
) -> None:
    """The stream connects anew, with the same balances."""
    recorder = EventRecorder()
    with AssetStream(account.exchange(), **recorder.handlers()) as stream:
        with exchange.faults.add(create("close_after_error", account)):
            recorder.wait_for(lambda event: getattr(event, "problem", ""))
        stream.wait_until(
            lambda b: known_balances(stream) == true_balances(account), PATIENCE
        )
        assert stream.state is State.LIVE


def test_a_session_is_recorded_and_replayed(account: Account, tmp_path: Path) -> None:
    """Amounts, times and currencies are on the tape, and no key is."""
    pay, receive, *_ = STARTING_BALANCES[account.name]
    tape = tmp_path / "tape.jsonl"
    stream = AssetStream(account.exchange())
    with Recorder(stream, tape), stream:
        for amount in ("0.5", "0.25"):
            account.deposit(receive, amount)
            stream.wait_until(
                lambda b: known_balances(stream) == true_balances(account), PATIENCE
            )
    text = tape.read_text(encoding="utf-8")
    assert not [key for key in account.keys if key in text]

    held = Decimal(STARTING_BALANCES[account.name][receive]) + Decimal("0.75")
    with (
        Replay(tape, speed=math.inf) as replay,
        AssetStream(replay.account.exchange()) as again,
    ):
        again.wait_until(lambda b: b[receive].total == held, PATIENCE)
        assert again.balances[pay].total == Decimal(
            STARTING_BALANCES[account.name][pay]
        )
