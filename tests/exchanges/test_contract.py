"""What every registered exchange owes the runtime; runs over all of them by itself."""

from __future__ import annotations

import ast
import copy
import importlib
import inspect
import json
import pickle
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import assetstream.exchanges
from assetstream.errors import (
    AssetStreamError,
    AuthenticationError,
    ConfigurationError,
    ConnectionLost,
    ProtocolError,
    RateLimited,
)
from assetstream.exchanges import EXCHANGES
from assetstream.protocol import NEVER, Conversation, Fail, Limits, Ping, Send, Warn
from tests.exchanges.specs import (
    KEY,
    NONCE,
    SECRET,
    SPECS,
    Spec,
    kinds,
    opened,
    ready,
    reported,
)

IMPURE = {"threading", "socket", "time", "logging", "random", "queue", "select", "ssl"}
IMPURE |= {"asyncio", "websocket", "requests", "secrets", "uuid"}
# The names that steer the reading of a frame.
FIELDS = (
    *("event", "channel", "data", "type", "biz", "result", "error", "name", "status"),
    *("method", "assets", "currency", "balance", "b", "hold", "time", "errorCode"),
    *("ty", "mthd", "rslt", "asset_timestamp", "account"),
)
ROOM = Path(assetstream.exchanges.__file__).parent


@pytest.fixture(params=sorted(EXCHANGES))
def name(request: pytest.FixtureRequest) -> str:
    """Give the name of each registered exchange in turn."""
    return str(request.param)


@pytest.fixture
def spec(name: str) -> Spec:
    """Give what is known of that exchange."""
    return SPECS[name]


def test_every_registered_exchange_has_a_spec() -> None:
    """Registering an exchange without describing it to this suite fails."""
    assert set(SPECS) == set(EXCHANGES)


@pytest.mark.parametrize("path", sorted(ROOM.glob("*.py")), ids=lambda p: p.stem)
def test_adapters_import_nothing_impure(path: Path) -> None:
    """No module of the room does I/O, waits, logs, rolls dice or knows the runtime."""
    imported: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module or "")

    assert not {module.partition(".")[0] for module in imported} & IMPURE
    assert not [module for module in imported if module.startswith("assetstream.run")]


@pytest.mark.parametrize("path", sorted(ROOM.glob("*.py")), ids=lambda p: p.stem)
def test_every_module_lists_what_it_offers(path: Path) -> None:
    """``__all__`` exists, is sorted in ruff's way and names only what is there."""
    suffix = "" if path.stem == "__init__" else f".{path.stem}"
    module = importlib.import_module(f"assetstream.exchanges{suffix}")

    assert [public for public in module.__all__ if not hasattr(module, public)] == []


def test_it_is_named_as_registered(name: str, spec: Spec) -> None:
    """The registry's name is the exchange's own."""
    assert spec.make().name == name
    assert isinstance(spec.make(), EXCHANGES[name])


def test_repr_shows_no_credential(spec: Spec) -> None:
    """Neither the exchange nor what it asks for shows a key, a secret or a token."""
    exchange = spec.make()
    conversation = exchange.conversation({})
    connect = conversation.connect(0.0, NONCE)
    steps = list(conversation.opened(0.0))
    shown = "".join(map(repr, [exchange, connect, exchange.read(NONCE), *steps]))

    for secret in exchange.credentials:
        assert secret not in shown
    for header in connect.headers.values():
        assert header not in shown


def test_credentials_name_the_public_key_first(spec: Spec) -> None:
    """The fingerprint is made of the public key."""
    assert spec.make().credentials[:2] == (KEY, SECRET)


def test_it_is_neither_pickled_nor_copied(spec: Spec) -> None:
    """Credentials do not travel by accident."""
    exchange = spec.make()

    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="credentials"):
            attempt(exchange)


def test_it_is_immutable(spec: Spec) -> None:
    """No attribute can be set or deleted."""
    exchange = spec.make()

    for attribute in ("name", "ws_url", "limits", "anything"):
        with pytest.raises(AttributeError):
            setattr(exchange, attribute, "x")
    with pytest.raises(AttributeError):
        del exchange.ws_url


def test_keys_come_from_the_environment(
    spec: Spec, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both variables are read when it is built, not when the module is imported."""
    for variable, value in zip(spec.variables, ("from-env", "secret-env"), strict=True):
        monkeypatch.setenv(variable, value)
    region = {"region": "sg"} if name == "upbit" else {}

    exchange = EXCHANGES[name](**region)

    assert exchange.credentials[:2] == ("from-env", "secret-env")


def test_a_missing_key_names_the_variable(
    spec: Spec, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message says what to set."""
    region = {"region": "sg"} if name == "upbit" else {}
    for variable in spec.variables:
        monkeypatch.setenv(spec.variables[0], "x")
        monkeypatch.setenv(spec.variables[1], "x")
        monkeypatch.delenv(variable)

        with pytest.raises(ConfigurationError, match=variable) as caught:
            EXCHANGES[name](**region)
        assert caught.value.fatal


def test_limits_can_be_overridden_in_a_subclass(name: str, spec: Spec) -> None:
    """Conversations take the ping interval from the exchange's own limits."""
    base = spec.make()
    fields = {f: getattr(base.limits, f) for f in Limits.__struct_fields__}
    quick = type(
        "Quick", (type(base),), {"limits": Limits(**{**fields, "ping_interval": 0.25})}
    )
    region = {"region": "sg"} if name == "upbit" else {}
    conversation = opened(quick(KEY, SECRET, **region))

    assert conversation.deadline == 0.25
    assert kinds(conversation.due(0.25)) in (["Ping"], ["Send"])


def test_a_fresh_nonce_is_used_at_every_chance(spec: Spec) -> None:
    """Where a nonce signs, another nonce gives another signature."""
    exchange = spec.make()
    first = exchange.conversation({}).connect(0.0, NONCE)
    again = exchange.conversation({}).connect(0.0, NONCE)
    second = exchange.conversation({}).connect(0.0, NONCE.replace("1", "9"))

    assert first.headers == again.headers
    if first.headers:
        assert first.headers != second.headers
        assert exchange.read(NONCE) != exchange.read(NONCE.replace("1", "9"))


def test_it_becomes_ready_once(spec: Spec) -> None:
    """The sample acknowledgements prove the subscription, and only the first time."""
    conversation = opened(spec.make())
    steps = list(conversation.received(spec.acks, 0.1))
    steps += conversation.received(spec.acks, 0.2)

    assert kinds(steps).count("Ready") == 1
    assert not [step for step in steps if isinstance(step, (Fail, Warn))]


def test_a_push_is_reported_exactly(spec: Spec, name: str) -> None:
    """The digits on the wire are the digits reported; the frame is kept."""
    (report,) = reported(ready(name).received([spec.push], 1.0))
    currency, available, locked = spec.pushed

    assert (report.currency, str(report.available)) == (currency, available)
    assert report.locked == Decimal(locked)
    assert report.raw == spec.push
    assert report.key is not None
    assert report.key[0] > 1_700_000_000_000


def test_a_burst_of_pushes_is_one_report(spec: Spec, name: str) -> None:
    """Frames of one read that follow each other come as one step, in order."""
    steps = ready(name).received([spec.push] * 50, 1.0)

    assert kinds(steps) == ["Report"]
    assert len(reported(steps)) == 50


def test_what_is_about_something_else_is_ignored(spec: Spec, name: str) -> None:
    """Other topics neither warn nor report."""
    assert list(ready(name).received([spec.other], 1.0)) == []


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"\xff\xfe",
        b"nonsense",
        b"17",
        b"null",
        b'"x"',
        b"{}",
        b"[" * 100000,
        b'{"a":' * 100000,
        b"1" * 5000,
        b'{"type":"\xff"}',
    ],
    ids=lambda g: repr(g[:12]),
)
def test_an_unreadable_frame_warns_about_the_whole_book(
    name: str, garbage: bytes
) -> None:
    """K5: what cannot be told puts everything in doubt; nothing is raised."""
    (step,) = ready(name).received([garbage], 1.0)

    assert isinstance(step, Warn)
    assert isinstance(step.error, ProtocolError)
    assert step.error.currency is None
    assert not step.error.fatal


@given(
    frames=st.lists(
        st.one_of(
            st.binary(max_size=60),
            st.recursive(
                st.none() | st.booleans() | st.integers() | st.text(max_size=8),
                lambda inner: (
                    st.lists(inner, max_size=3)
                    | st.dictionaries(
                        st.sampled_from(FIELDS),
                        inner
                        | st.sampled_from(
                            [
                                "login",
                                "subscribe",
                                "assets",
                                "exchange",
                                "myAsset",
                                "UP",
                            ]
                        ),
                        max_size=6,
                    )
                ),
                max_leaves=12,
            ).map(lambda value: json.dumps(value).encode()),
        ),
        max_size=4,
    )
)
@settings(deadline=None, max_examples=150)
@pytest.mark.parametrize("exchange_name", sorted(EXCHANGES))
def test_no_frame_makes_it_raise(exchange_name: str, frames: list[bytes]) -> None:
    """Whatever comes, in whatever phase, becomes steps."""
    for conversation in (
        opened(SPECS[exchange_name].make()),
        ready(exchange_name),
    ):
        conversation.received(frames, 1.0)
        conversation.received(frames, 2.0)
        assert isinstance(conversation.closed(1000, "x"), AssetStreamError)


@given(body=st.binary(max_size=80), status=st.integers(200, 599))
@settings(deadline=None, max_examples=80)
@pytest.mark.parametrize("exchange_name", sorted(EXCHANGES))
def test_no_reply_makes_it_raise_anything_else(
    exchange_name: str, body: bytes, status: int
) -> None:
    """Answers of REST give a snapshot or one of our errors, never another."""
    exchange = SPECS[exchange_name].make()
    error = exchange.conversation({}).refused(status, {}, body)
    try:
        exchange.read_replied(status, {}, body)
    except AssetStreamError:
        pass

    assert isinstance(error, AssetStreamError)


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"data":' * 100_000, b""])
def test_absurd_replies_are_protocol_errors(spec: Spec, body: bytes) -> None:
    """Endless nesting and nothing at all are refused as not understood."""
    with pytest.raises(ProtocolError):
        spec.make().read_replied(200, {}, body)


def test_deadlines_move_forward(spec: Spec) -> None:
    """After ``due`` the deadline lies ahead, for ever or until the connection fails."""
    conversation = opened(spec.make())
    for _ in range(50):
        now = conversation.deadline
        if now == NEVER:
            break
        steps = conversation.due(now)
        assert conversation.deadline > now
        if any(isinstance(step, Fail) for step in steps):
            assert conversation.deadline == NEVER


def test_due_too_early_does_nothing(name: str) -> None:
    """A call before the deadline sends nothing and keeps the deadline."""
    conversation = ready(name)
    before = conversation.deadline

    assert list(conversation.due(before - 0.001)) == []
    assert conversation.deadline == before


def test_one_ping_after_a_long_sleep(name: str) -> None:
    """A clock that jumped, as after a suspend, gives one ping and not hundreds."""
    conversation = ready(name)

    assert len(conversation.due(100_000.0)) == 1
    assert conversation.deadline > 100_000.0


def _phases(spec: Spec) -> list[Conversation]:
    fresh = spec.make().conversation({})
    part = opened(spec.make())
    part.received(spec.acks[:1], 0.1)
    whole = opened(spec.make())
    whole.received(spec.acks, 0.1)
    failed = opened(spec.make())
    failed.due(3600.0)
    failed.due(7200.0)
    return [fresh, opened(spec.make()), part, whole, failed]


def test_closing_is_harmless_in_every_phase(spec: Spec) -> None:
    """Saying goodbye twice, early or after a failure only ever sends text."""
    for conversation in _phases(spec):
        for _ in range(2):
            assert all(isinstance(step, Send) for step in conversation.closing())


def test_nothing_is_said_after_a_failure(spec: Spec) -> None:
    """A failed conversation asks for nothing more and has no deadline."""
    failed = _phases(spec)[-1]

    assert failed.deadline == NEVER
    assert list(failed.received([spec.push, *spec.acks], 9000.0)) == []
    assert list(failed.due(9000.0)) == []


@pytest.mark.parametrize("code", [None, 1000, 1001, 1006, 1011, 4000])
def test_any_close_is_a_loss(name: str, code: int | None) -> None:
    """L2: code 1000 included; never fatal; the peer's words are kept."""
    error = ready(name).closed(code, f"bye {SECRET}")

    assert isinstance(error, ConnectionLost)
    assert (error.code, error.reason, error.fatal) == (code, "bye ***", False)
    assert error.exchange == name


def test_a_pong_is_life(name: str) -> None:
    """A protocol pong is told, with its round trip where a ping is open."""
    conversation = ready(name)
    conversation.due(conversation.deadline)
    sent_at = conversation.deadline - SPECS[name].make().limits.ping_interval
    (step,) = conversation.pong(sent_at + 0.25)

    assert getattr(step, "round_trip", None) == pytest.approx(0.25)


def test_an_unasked_pong_has_no_round_trip(name: str) -> None:
    """Without an open ping there is nothing to measure."""
    (step,) = ready(name).pong(5.0)

    assert getattr(step, "round_trip", 0.0) is None


def test_a_snapshot_is_complete(spec: Spec) -> None:
    """The sample of REST is understood wholly; each entry keeps its own bytes."""
    snapshot = spec.make().read_replied(200, {}, spec.reply)

    assert snapshot.complete
    assert not snapshot.empty
    assert len(snapshot.balances) == spec.balances
    for report in snapshot.balances:
        assert report.key is None
        assert report.raw in spec.reply
        assert json.loads(report.raw)


def test_an_empty_answer_is_marked(spec: Spec) -> None:
    """S2: nothing at all is doubtful."""
    snapshot = spec.make().read_replied(200, {}, spec.void)

    assert (snapshot.balances, snapshot.empty) == ((), True)


def test_a_refused_key_is_fatal(spec: Spec) -> None:
    """The exchange's own refusal of the key stops the stream."""
    status, body = spec.refusal
    with pytest.raises(AuthenticationError) as caught:
        spec.make().read_replied(status, {}, body)

    assert caught.value.fatal


def test_401_without_words_is_fatal(spec: Spec) -> None:
    """A bare 401 is about the key, at the handshake and at REST."""
    exchange = spec.make()
    error = exchange.conversation({}).refused(401, {}, b"<html>")
    with pytest.raises(AuthenticationError) as caught:
        exchange.read_replied(401, {}, b"")

    assert isinstance(error, AuthenticationError)
    assert error.fatal
    assert caught.value.fatal


@pytest.mark.parametrize(
    ("status", "headers", "wait"),
    [
        (429, {}, None),
        (429, {"retry-after": "7"}, 7.0),
        (418, {}, 60.0),
        (418, {"retry-after": "90"}, 90.0),
    ],
)
def test_limits_are_told_with_their_wait(
    spec: Spec, status: int, headers: dict[str, str], wait: float | None
) -> None:
    """429 and 418 are never fatal, whatever the body."""
    error = spec.make().conversation({}).refused(status, headers, b"Too many")

    assert isinstance(error, RateLimited)
    assert (error.retry_after, error.fatal) == (wait, False)


@pytest.mark.parametrize("status", [200, 302, 403, 404, 500, 502, 503])
def test_answers_not_in_its_own_words_are_not_fatal(spec: Spec, status: int) -> None:
    """A firewall, a proxy, maintenance: the key may be perfectly good."""
    exchange = spec.make()
    error = exchange.conversation({}).refused(status, {}, b"<html>gone</html>")
    with pytest.raises(AssetStreamError) as caught:
        exchange.read_replied(status, {}, b"<html>gone</html>")

    assert not error.fatal
    assert not caught.value.fatal


def test_credentials_are_redacted_everywhere(spec: Spec, name: str) -> None:
    """What the exchange echoes is shown without credentials."""
    exchange = spec.make()
    errors: list[AssetStreamError] = []
    for credential in exchange.credentials:
        echo = f"<{credential}>".encode()
        own = json.dumps(
            {"error": {"name": credential, "message": credential}, "code": credential}
            | {"msg": credential, "result": False, "errorCode": credential}
        ).encode()
        for body in (echo, own):
            for status in (200, 400, 401, 403, 429, 500):
                errors.append(exchange.conversation({}).refused(status, {}, body))
                with pytest.raises(AssetStreamError) as caught:
                    exchange.read_replied(status, {}, body)
                errors.append(caught.value)
            for step in ready(name).received([body], 1.0):
                assert isinstance(step, (Warn, Fail))
                errors.append(step.error)

    for error in errors:
        shown = repr(error) + str(vars(error))
        assert not [c for c in exchange.credentials if c in shown]


def test_ping_goes_out_in_time(spec: Spec, name: str) -> None:
    """Pings follow each other by the interval of the limits."""
    conversation = ready(name)
    interval = spec.make().limits.ping_interval
    beats = []
    for _ in range(3):
        beats.append(conversation.deadline)
        (step,) = conversation.due(conversation.deadline)
        assert isinstance(step, (Ping, Send))

    assert beats == pytest.approx([interval, 2 * interval, 3 * interval])


def test_every_public_callable_has_a_docstring(name: str) -> None:
    """The class a user builds documents its arguments."""
    text = inspect.getdoc(EXCHANGES[name]) or ""

    assert "Args:" in text
    assert "ConfigurationError" in text
