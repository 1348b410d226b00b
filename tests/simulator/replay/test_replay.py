"""A recorded session, served again to any client."""

from __future__ import annotations

import itertools
import math
from decimal import Decimal
from pathlib import Path
from typing import Sequence, cast

import pytest

from assetstream import (
    AssetStream,
    AssetUpdate,
    ConfigurationError,
    Source,
)
from assetstream.protocol import Exchange
from assetstream.recording import Recorder
from assetstream.recording.tape import read_tape
from assetstream.simulator import Replay, Simulator, UpbitAccount
from assetstream.simulator.account import Account
from tests.support.balances import known_balances
from tests.support.clients import accounts, read_balances
from tests.support.clock import fast_time
from tests.support.event_recorder import PATIENCE, EventRecorder
from tests.support.leak_detector import LeakDetector
from tests.support.tapes import line, opened, push, reply, write_tape

Amounts = tuple[Decimal, Decimal]
pytestmark = pytest.mark.usefixtures("no_rate_limits")

VENUES = ("upbit", "coinw")


def sequence(updates: Sequence[AssetUpdate]) -> dict[str, list[Amounts]]:
    """Return the amounts of each currency, in order."""
    found: dict[str, list[Amounts]] = {}
    for update in updates:
        amounts = (update.available, update.locked)
        found.setdefault(update.currency, []).append(amounts)
    return found


def trade(exchange: Simulator, account: Account, stream: AssetStream) -> None:
    """Make orders, fills and a deposit, and an outage with missed changes."""
    order = account.place_order(pay="USDT", amount="600", receive="BTC")
    account.fill(order, received="0.0123456789", paid="250.5")
    account.deposit("ETH", "3.141592653589793238")
    with stream.expect(lambda u: u.currency == "USDT", timeout=PATIENCE):
        account.cancel(order)
    # So much later REST has caught up with the first read, at a replay as well.
    exchange.wait_for(lambda seen: seen.reads >= 4)
    with (
        stream.expect(lambda u: u.source is Source.RECOVERED, timeout=PATIENCE),
        exchange.refuse_upgrades(503, "maintenance"),
    ):
        exchange.close_connections(1001, "soon back")
        account.withdraw("BTC", "0.5")
        exchange.wait_for(lambda seen: seen.refused)
    account.withdraw("ETH", "3.141592653589793238")


class Session:
    """A recorded session."""

    def __init__(self, path: Path, name: str, *, scramble: bool = False) -> None:
        self.path = path
        self.seen = EventRecorder()
        with fast_time(), Simulator(rate_limits=False) as exchange:
            account = getattr(exchange, name)({"BTC": "1", "USDT": "1000"})
            self.exchange: Exchange = account.exchange()
            stream = AssetStream(self.exchange, **self.seen.handlers())
            with Recorder(stream, path, scramble=scramble), stream:
                trade(exchange, account, stream)
                self.seen.wait_for(lambda e: e in self.seen.updates and not e.total)
                self.known_balances = known_balances(stream)


@pytest.fixture(scope="module", params=VENUES)
def session(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Session:
    """A recorded session on each exchange."""
    return Session(tmp_path_factory.mktemp("session") / "tape", request.param)


def replayed(session: Session) -> tuple[EventRecorder, dict[str, Amounts]]:
    """Return the events of a stream at the same speed, and its last balances."""
    seen = EventRecorder()
    with (
        fast_time(),
        Replay(session.path) as replay,
        AssetStream(replay.account.exchange(), **seen.handlers()) as stream,
    ):
        assert replay.wait_for_end(PATIENCE)
        # The last frame may be on its way.
        many = len(session.seen.updates)
        seen.wait_for(lambda event: len(seen.updates) >= many)
        return seen, known_balances(stream)


def test_a_client_goes_through_the_same(session: Session) -> None:
    """Balances, outage and end come in the recorded order."""
    seen, found = replayed(session)

    assert sequence(seen.updates) == sequence(session.seen.updates)
    assert found == session.known_balances
    sources = [update.source for update in session.seen.updates]
    assert [update.source for update in seen.updates] == sources
    assert seen.states == session.seen.states
    assert reasons(seen) == reasons(session.seen)


def reasons(seen: EventRecorder) -> list[str]:
    """Return the reasons in order; at full speed fewer attempts fail in a row."""
    found = [str(event.reason) for event in seen.events if hasattr(event, "reason")]
    return [reason for reason, _ in itertools.groupby(found)]


def test_a_scrambled_tape_is_true_up_to_a_factor(tmp_path: Path) -> None:
    """One factor for each currency keeps equal, zero and summed amounts."""
    session = Session(tmp_path / "tape", "coinw", scramble=True)
    seen, _ = replayed(session)
    before, after = sequence(session.seen.updates), sequence(seen.updates)

    assert before.keys() == after.keys()
    for currency, amounts in before.items():
        flat = [a for pair in amounts for a in pair]
        scaled = [a for pair in after[currency] for a in pair]
        factor = max(scaled) / max(flat)
        assert factor != 1
        assert len(flat) == len(scaled)
        for plain, other in zip(flat, scaled, strict=True):
            assert abs(plain * factor - other) <= abs(other) * Decimal("1E-25")
    assert read_tape(session.path).header.scrambled


def test_the_tape_holds_no_secret(session: Session) -> None:
    """No form of the account's secrets is on it."""
    text = session.path.read_text(encoding="utf-8")
    with LeakDetector() as out:
        out.guard_exchange(session.exchange)
        out.guard(session.exchange.fingerprint)
        out.add("tape", text)
        ids = {u.update_id for u in session.seen.updates if u.update_id}
        assert ids
        for identifier in ids:
            out.guard(identifier)

        assert out.leaks == []


@pytest.mark.programs
# The SDK's own way to connect, which websockets 17 would like to see changed.
@pytest.mark.filterwarnings(r"ignore:connect\(\) must be used as a context manager")
@pytest.mark.parametrize("session", ["upbit"], indirect=True)
def test_the_official_sdk_goes_through_it_unchanged(session: Session) -> None:
    """The SDK lists and streams with the keys of the replay."""
    pytest.importorskip("websockets", minversion="15.0")  # older ones it cannot use
    official = pytest.importorskip("upbit")
    pushed = [u for u in session.seen.updates if u.source is Source.STREAM]
    with Replay(session.path, speed=math.inf) as replay:
        keys = replay.account.environment()
        client = official.Upbit(
            access_key=keys["UPBIT_ACCESS_KEY"],
            secret_key=keys["UPBIT_SECRET_KEY"],
            base_url=keys["UPBIT_REST_URL"],
        )
        with client, client.ws_stream.my_asset() as stream:
            replay.account.wait_for_subscribers()
            listed = {item.currency: item.balance for item in client.accounts.list()}
            # Up to the outage, after which it does not connect by itself.
            assets = [stream.recv().assets[0] for _ in range(len(pushed) - 1)]

    assert listed == {"BTC": "1", "USDT": "1000"}
    assert [(a.currency, Decimal(str(a.balance))) for a in assets] == [
        (u.currency, u.available) for u in pushed[:-1]
    ]


@pytest.mark.parametrize("name", VENUES)
@pytest.mark.parametrize("speed", [1.0, math.inf])
def test_an_old_tape_becomes_live_and_stays_so(
    name: str, speed: float, tmp_path: Path
) -> None:
    """Dates are moved, so that none is wrong, and REST agrees."""
    path = write_tape(
        tmp_path / "tape",
        name,
        *opened(9.9, name, BTC="1", XRP="7"),
        reply(10, name, BTC="1", XRP="7"),
        push(10.1, "BTC", "2", name),
        push(10.2, "BTC", "0.00000001", name),
        line(10.3, "end"),
    )
    seen = EventRecorder()
    with (
        Replay(path, speed=speed) as replay,
        AssetStream(replay.account.exchange(), **seen.handlers()) as stream,
    ):
        seen.wait_for(lambda e: str(getattr(e, "available", "")) == "1E-8")
        assert replay.wait_for_end(PATIENCE)
        health = stream.health()
        shown = read_balances(replay.account)

    pushed = [u for u in seen.updates if u.source is Source.STREAM]
    assert [str(update.available) for update in pushed] == ["2", "1E-8"]
    assert (health.drifts, health.error) == (0, None)
    assert shown == {"BTC": "0.00000001", "XRP": "7"}
    for update in pushed:
        assert update.time is not None
        late = (update.received - update.time).total_seconds()
        # A frame that is read late is only older.
        assert -0.6 < late < PATIENCE


def test_it_asks_for_the_keys_it_has_given_out(tmp_path: Path) -> None:
    """Other keys are refused."""
    path = write_tape(tmp_path / "tape", "upbit", *opened(10, BTC="1"))
    with Replay(path) as replay:
        account = cast(UpbitAccount, replay.account)
        assert accounts(account, secret="x" * 40)[0] == 401
        assert read_balances(account) == {"BTC": "1"}, "also before the tape has begun"


@pytest.mark.parametrize(
    ("exchange", "speed", "words"),
    [("upbit", 0.0, "speed"), ("upbit", math.nan, "speed"), ("mtgox", 1.0, "mtgox")],
)
def test_what_cannot_be_replayed(
    exchange: str, speed: float, words: str, tmp_path: Path
) -> None:
    """The constructor raises."""
    path = write_tape(tmp_path / "tape", exchange)

    with pytest.raises(ConfigurationError, match=words):
        Replay(path, speed=speed)


def test_a_tape_that_was_edited_is_refused(tmp_path: Path) -> None:
    """The error names what the line lacks; nothing is left running."""
    path = write_tape(tmp_path / "tape", "upbit", line(0, "opened"), line(1, "reply"))

    with pytest.raises(ConfigurationError, match="KeyError: 'status'"):
        Replay(path).start()
