"""A recorded session is served again, to any client."""

from __future__ import annotations

import itertools
import math
import threading
from contextlib import suppress
from decimal import Decimal
from http.client import HTTPException
from pathlib import Path
from typing import Sequence, cast

import pytest

from assetstream import (
    AssetStream,
    AssetStreamError,
    AssetUpdate,
    AuthenticationError,
    ConfigurationError,
    ProtocolError,
    Source,
)
from assetstream.protocol import Exchange
from assetstream.recording import Recorder
from assetstream.recording.tape import read_tape
from assetstream.simulator import CoinWAccount, Replay, Simulator, UpbitAccount
from assetstream.simulator.account import Account
from assetstream.simulator.replay import player
from tests.support.clients import accounts, complete_balances, upbit_subscriber
from tests.support.evidence import Evidence
from tests.support.recorders import PATIENCE, known
from tests.support.recorders import Recorder as Heard
from tests.support.tapes import line, opened, push, reply, write_tape

Amounts = tuple[Decimal, Decimal]
pytestmark = pytest.mark.usefixtures("hasty")

VENUES = ("upbit", "coinw")


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replays that do not wait long for their clients."""
    monkeypatch.setattr(player, "GRACE", 0.15)
    monkeypatch.setattr(player, "READ_PATIENCE", 0.3)


def sequence(updates: Sequence[AssetUpdate]) -> dict[str, list[Amounts]]:
    """What each currency went through."""
    found: dict[str, list[Amounts]] = {}
    for update in updates:
        amounts = (update.available, update.locked)
        found.setdefault(update.currency, []).append(amounts)
    return found


def trade(exchange: Simulator, account: Account, stream: AssetStream) -> None:
    """Orders, fills and a deposit, and an outage with changes that were missed."""
    order = account.place_order(pay="USDT", amount="600", receive="BTC")
    account.fill(order, received="0.0123456789", paid="250.5")
    account.deposit("ETH", "3.141592653589793238")
    with stream.expect(lambda u: u.currency == "USDT", timeout=PATIENCE):
        account.cancel(order)
    with (
        stream.expect(lambda u: u.source is Source.RECOVERED, timeout=PATIENCE),
        exchange.refuse_upgrades(503, "maintenance"),
    ):
        exchange.close_connections(1001, "soon back")
        account.withdraw("BTC", "0.5")
        exchange.wait_for(lambda seen: seen.refused)
    account.withdraw("ETH", "3.141592653589793238")


class Session:
    """A session that was recorded."""

    def __init__(self, path: Path, name: str, *, scramble: bool = False) -> None:
        self.path = path
        self.heard = Heard()
        with Simulator(rate_limits=False) as exchange:
            account = getattr(exchange, name)({"BTC": "1", "USDT": "1000"})
            self.exchange: Exchange = account.exchange()
            stream = AssetStream(self.exchange, **self.heard.handlers())
            with Recorder(stream, path, scramble=scramble), stream:
                trade(exchange, account, stream)
                self.heard.wait_for(lambda e: e in self.heard.updates and not e.total)
                self.known = known(stream)


@pytest.fixture(params=VENUES)
def session(request: pytest.FixtureRequest, tmp_path: Path) -> Session:
    """A recorded session on each exchange."""
    return Session(tmp_path / "tape", request.param)


def replayed(session: Session) -> tuple[Heard, dict[str, Amounts]]:
    """What a stream heard of a tape at full speed, and knew at its end."""
    heard = Heard()
    with (
        Replay(session.path, speed=math.inf) as replay,
        AssetStream(replay.account.exchange(), **heard.handlers()) as stream,
    ):
        assert replay.wait_for_end(PATIENCE)
        # The last frame may be on its way.
        many = len(session.heard.updates)
        heard.wait_for(lambda event: len(heard.updates) >= many)
        return heard, known(stream)


def test_a_client_goes_through_the_same(session: Session) -> None:
    """Each currency's balances in the same order, the outage, and the same end."""
    heard, found = replayed(session)

    assert sequence(heard.updates) == sequence(session.heard.updates)
    assert found == session.known
    sources = [update.source for update in session.heard.updates]
    assert [update.source for update in heard.updates] == sources
    assert heard.states == session.heard.states
    assert reasons(heard) == reasons(session.heard)


def reasons(heard: Heard) -> list[str]:
    """What was told, in order; at full speed fewer attempts fail one after another."""
    told = [str(event.reason) for event in heard.events if hasattr(event, "reason")]
    return [reason for reason, _ in itertools.groupby(told)]


@pytest.mark.parametrize("name", VENUES)
def test_a_scrambled_tape_is_true_up_to_a_factor(name: str, tmp_path: Path) -> None:
    """One for each currency: whatever was equal, zero or a sum is so still."""
    session = Session(tmp_path / "tape", name, scramble=True)
    heard, _ = replayed(session)
    before, after = sequence(session.heard.updates), sequence(heard.updates)

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
    """Of the recorded account: in no form."""
    text = session.path.read_text(encoding="utf-8")
    with Evidence() as out:
        out.guard_exchange(session.exchange)
        out.guard(session.exchange.fingerprint)
        out.add("tape", text)
        ids = {u.update_id for u in session.heard.updates if u.update_id}
        assert ids
        for identifier in ids:
            out.guard(identifier)

        assert out.leaks == []


# The SDK's own way to connect, which websockets 17 would like to see changed.
@pytest.mark.filterwarnings(r"ignore:connect\(\) must be used as a context manager")
def test_the_official_sdk_goes_through_it_unchanged(tmp_path: Path) -> None:
    """It lists the accounts and streams, with the keys of the replay."""
    pytest.importorskip("websockets", minversion="15.0")  # older ones it cannot use
    official = pytest.importorskip("upbit")
    session = Session(tmp_path / "tape", "upbit")
    pushed = [u for u in session.heard.updates if u.source is Source.STREAM]
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


def rest(account: Account) -> dict[str, str]:
    """What is available, read by plain HTTP."""
    if isinstance(account, UpbitAccount):
        _, _, items = accounts(account)
        return {item["currency"]: item["balance"] for item in items}
    assert isinstance(account, CoinWAccount)
    data = complete_balances(account)["data"]
    return {currency: amounts["available"] for currency, amounts in data.items()}


@pytest.mark.parametrize("name", VENUES)
@pytest.mark.parametrize("speed", [1.0, math.inf])
def test_an_old_tape_becomes_live_and_stays_so(
    name: str, speed: float, tmp_path: Path
) -> None:
    """Its dates are moved: none is in the future, none in doubt; REST agrees."""
    path = write_tape(
        tmp_path / "tape",
        name,
        *opened(9.9, name, BTC="1", XRP="7"),
        reply(10, name, BTC="1", XRP="7"),
        push(10.1, "BTC", "2", name),
        push(10.2, "BTC", "0.00000001", name),
        line(10.3, "end"),
    )
    heard = Heard()
    with (
        Replay(path, speed=speed) as replay,
        AssetStream(replay.account.exchange(), **heard.handlers()) as stream,
    ):
        heard.wait_for(lambda e: str(getattr(e, "available", "")) == "1E-8")
        assert replay.wait_for_end(PATIENCE)
        health = stream.health()
        shown = rest(replay.account)

    pushed = [u for u in heard.updates if u.source is Source.STREAM]
    assert [str(update.available) for update in pushed] == ["2", "1E-8"]
    assert (health.in_doubt, health.drifts, health.error) == ((), 0, None)
    assert shown == {"BTC": "0.00000001", "XRP": "7"}
    for update in pushed:
        assert update.time is not None
        late = (update.received - update.time).total_seconds()
        # What is not read within its own second of the tape only becomes older.
        assert -0.6 < late < 2.0


def test_a_long_tape_played_fast_has_no_date_in_the_future(tmp_path: Path) -> None:
    """Its last change is of now, whatever lies between it and the first (K3)."""
    pushes = [push(15, "BTC", "2"), push(4000, "BTC", "3")]
    path = write_tape(
        tmp_path / "tape", "upbit", *opened(9, BTC="1"), reply(10, BTC="1"), *pushes
    )
    heard = Heard()
    with (
        Replay(path, speed=math.inf) as replay,
        AssetStream(replay.account.exchange(), **heard.handlers()),
    ):
        last = heard.wait_for(lambda e: str(getattr(e, "total", "")) == "3")

    assert not [e for e in heard.events if isinstance(e, ProtocolError)]
    assert abs((last.received - last.time).total_seconds()) < 5


def test_attempts_fail_as_they_did(tmp_path: Path) -> None:
    """The client meets the refusal, and a connection that breaks; then it goes on."""
    path = write_tape(
        tmp_path / "tape",
        "coinw",
        line(0, "connecting"),
        line(0, "refused", status=503, headers={"retry-after": "0"}, text="busy"),
        *opened(1, "coinw", BTC="1"),
        line(2, "closed", code=None, reason=""),
        line(3, "connecting"),
        *opened(4, "coinw", BTC="2"),
    )
    heard = Heard()
    with (
        Replay(path, speed=math.inf) as replay,
        AssetStream(replay.account.exchange(), **heard.handlers()),
    ):
        heard.wait_for(lambda e: getattr(e, "source", None) is Source.RECOVERED)
        assert replay.wait_for_end(PATIENCE)
        assert replay.played.position == replay.played.length == 4.0

    errors = [str(error) for error in heard.of(AssetStreamError)]
    assert "HTTP 503" in errors[0]
    assert len(errors) >= 3
    assert replay.cut_off


def test_the_tape_waits_for_who_comes_back(tmp_path: Path) -> None:
    """Nothing is pushed to nobody: a bot that is started anew misses nothing."""
    pushes = [push(10 + n, "BTC", str(n)) for n in range(1, 4)]
    path = write_tape(tmp_path / "tape", "upbit", *opened(10, BTC="1"), *pushes)
    with Replay(path, speed=20.0) as replay:
        for amount in ("1", "2"):
            heard = Heard()
            with AssetStream(replay.account.exchange(), **heard.handlers()):
                heard.wait_for(lambda e, a=amount: str(getattr(e, "total", "")) == a)
        replay.account.wait_for_subscribers(0)
        assert not replay.wait_for_end(0.4)
        assert replay.played.frames == 2
        with AssetStream(replay.account.exchange()) as stream:
            assert stream.balance("BTC").total == 2
            stream.wait_for(lambda u: u.total == 3, PATIENCE)


def test_a_client_that_reads_nothing_is_played_to(tmp_path: Path) -> None:
    """After a while; thousands of frames at full speed are no more than it can take."""
    many = 3000
    pushes = [push(10 + n / 100, "BTC", str(n)) for n in range(many)]
    path = write_tape(tmp_path / "tape", "upbit", *opened(10, BTC="1"), *pushes)
    with (
        Replay(path, speed=math.inf) as replay,
        upbit_subscriber(cast(UpbitAccount, replay.account)) as client,
    ):
        amounts = [client.hear()["assets"][0]["balance"] for _ in range(many)]
        assert replay.wait_for_end(PATIENCE)

    assert amounts == list(range(many))


def test_it_asks_for_the_keys_it_has_given_out(tmp_path: Path) -> None:
    """A client with other keys is refused as ever."""
    path = write_tape(tmp_path / "tape", "upbit", *opened(10, BTC="1"))
    with Replay(path) as replay:
        account = cast(UpbitAccount, replay.account)
        assert accounts(account, secret="x" * 40)[0] == 401
        assert rest(account) == {"BTC": "1"}, "also before the tape has begun"


def test_it_stops_while_clients_wait(tmp_path: Path) -> None:
    """In a read that the tape has not come to."""
    late = [line(0, "opened"), line(100, "read"), reply(100, BTC="1")]
    path = write_tape(tmp_path / "tape", "upbit", *late)

    def ask() -> None:
        with suppress(OSError, HTTPException):  # cut off, or answered: either ends it
            rest(account)

    with Replay(path) as replay:
        account = cast(UpbitAccount, replay.account)
        with upbit_subscriber(account):
            asking = threading.Thread(target=ask)
            asking.start()
            account.context.signal.wait_for(lambda: account.seen.reads, PATIENCE, str)
            replay.stop()
            asking.join(PATIENCE)

    assert not asking.is_alive()


@pytest.mark.parametrize(
    ("exchange", "speed", "said"),
    [("upbit", 0.0, "speed"), ("upbit", math.nan, "speed"), ("mtgox", 1.0, "mtgox")],
)
def test_what_cannot_be_replayed(
    exchange: str, speed: float, said: str, tmp_path: Path
) -> None:
    """Is said at once."""
    path = write_tape(tmp_path / "tape", exchange)

    with pytest.raises(ConfigurationError, match=said):
        Replay(path, speed=speed)


def test_a_tape_that_was_edited_is_refused(tmp_path: Path) -> None:
    """What a line lacks is said, and nothing is left running."""
    path = write_tape(tmp_path / "tape", "upbit", line(0, "opened"), line(1, "reply"))

    with pytest.raises(ConfigurationError, match="KeyError: 'status'"):
        Replay(path).start()


def test_a_refused_login_is_refused_again(tmp_path: Path) -> None:
    """With the exchange's own words, though the simulator has let it in."""
    words = (
        '{"data":{"result":false,"errorCode":1003,"errorMsg":"bad"},"channel":"login"}'
    )
    lines = [line(0, "opened"), line(0.1, "received", text=words)]
    path = write_tape(tmp_path / "tape", "coinw", *lines)
    with Replay(path) as replay, pytest.raises(AuthenticationError, match="bad"):
        AssetStream(replay.account.exchange()).start()


def test_a_clock_that_jumped_jumps_again(tmp_path: Path) -> None:
    """Changes that were not dated in the future are not so in the replay (K3)."""
    late = reply(20, BTC="2") | {"headers": {"date": "Wed, 01 Jan 2025 01:00:20 GMT"}}
    path = write_tape(
        tmp_path / "tape",
        "upbit",
        *opened(10, BTC="1"),
        line(19, "closed", code=1001, reason=""),
        *[line(20, "opened"), late, push(20 + 3600, "BTC", "3") | {"at": 21}],
        push(20 + 3601, "BTC", "4") | {"at": 22},
    )
    heard = Heard()
    with (
        Replay(path, speed=math.inf) as replay,
        AssetStream(replay.account.exchange(), **heard.handlers()),
    ):
        heard.wait_for(lambda e: str(getattr(e, "total", "")) == "4")

    assert not [e for e in heard.events if isinstance(e, ProtocolError)]
