"""One connection with Upbit: rule R1, errors, heartbeats, frames of every form."""

from __future__ import annotations

import json
from typing import Any

import pytest

from assetstream.exchanges.upbit.frames import FORMATS
from assetstream.model.errors import (
    AssetStreamError,
    AuthenticationError,
    ConnectionLost,
    ExchangeError,
    PermissionDenied,
    ProtocolError,
    RateLimited,
)
from assetstream.protocol import Alive, Fail, Memory, Ping, Ready, Warn
from tests.support.specs import (
    NONCE,
    at,
    frame,
    kinds,
    make_upbit,
    opened,
    ready,
    reported,
    sample,
    sent,
)

LIST = sample("upbit", "list_default")


def error_frame(name: str) -> bytes:
    """Make an error frame."""
    return frame({"error": {"message": "m", "name": name}})


@pytest.mark.parametrize("format", FORMATS)
def test_r1_subscribes_and_asks_with_the_format_repeated(format: str) -> None:
    """Subscription first, then LIST; neither has codes, both name the format."""
    conversation = make_upbit(format=format).conversation({})
    conversation.connect(at(0.0), NONCE)
    subscribe, ask = sent(conversation.opened(at(0.0), NONCE))

    assert subscribe == [{"ticket": NONCE}, {"type": "myAsset"}, {"format": format}]
    assert ask == [
        {"ticket": NONCE},
        {"method": "LIST_SUBSCRIPTIONS"},
        {"format": format},
    ]
    assert conversation.deadline == 3.0


@pytest.mark.parametrize("name", ["list_default", "list_simple_list"])
def test_r1_the_list_is_the_proof(name: str) -> None:
    """Long or short keys, in an array or not."""
    conversation = opened(make_upbit())

    assert list(conversation.received([sample("upbit", name)], at(0.2))) == [Ready()]
    assert list(conversation.received([sample("upbit", name)], at(0.3))) == []
    assert conversation.deadline == 20.0


def test_r1_a_list_without_asset_fails() -> None:
    """The server says that the subscription is not there: reconnect."""
    body = sample("upbit", "list_without_asset")
    (step,) = opened(make_upbit()).received([body], at(0.2))

    assert isinstance(step, Fail)
    assert isinstance(step.error, ProtocolError)
    assert (step.error.frame, step.error.fatal) == (body, False)


def test_r1_a_push_is_a_proof_too() -> None:
    """Ready comes before its report; the list that follows changes nothing."""
    conversation = opened(make_upbit())
    push = sample("upbit", "push_default")

    assert kinds(conversation.received([push, push], at(0.2))) == ["Ready", "Report"]
    assert list(conversation.received([LIST], at(0.3))) == []


def test_r1_silence_makes_a_pong_the_proof() -> None:
    """After 3 s a ping goes out, and its pong proves the subscription."""
    memory: Memory = {}
    conversation = opened(make_upbit(), memory)

    assert list(conversation.due(at(3.0))) == [Ping()]
    assert conversation.deadline == 13.0
    assert list(conversation.pong(at(3.25))) == [Alive(0.25), Ready()]
    assert list(conversation.pong(at(3.5))) == [Alive(None)]
    assert conversation.deadline == 23.0


def test_r1_a_pong_before_the_silence_proves_nothing() -> None:
    """While the list may still come, it is waited for."""
    conversation = opened(make_upbit())

    assert list(conversation.pong(at(1.0))) == [Alive(None)]


def test_r1_a_late_list_still_proves() -> None:
    """The reply may come while the pong is awaited."""
    conversation = opened(make_upbit())
    conversation.due(at(3.0))

    assert list(conversation.received([LIST], at(4.0))) == [Ready()]


def test_r1_no_pong_is_a_loss() -> None:
    """The ping that proves has a deadline of its own."""
    conversation = opened(make_upbit())
    conversation.due(at(3.0))
    (step,) = conversation.due(at(13.0))

    assert isinstance(step, Fail)
    assert isinstance(step.error, ConnectionLost)
    assert "a ping sent after the subscription within 10 s" in str(step.error)
    assert "reconnects by itself. If this repeats: " in str(step.error)
    assert not step.error.fatal


def test_r1_after_three_silences_the_list_is_left_out() -> None:
    """LIST is asked again next time, but not after three silences in all."""
    memory: Memory = {}
    asked = []
    for _ in range(5):
        conversation = make_upbit().conversation(memory)
        conversation.connect(at(0.0), NONCE)
        steps = conversation.opened(at(0.0), NONCE)
        asked.append(len(sent(steps)) == 2)
        conversation.due(at(3.0))

    assert asked == [True, True, True, False, False]


def test_r1_an_error_before_the_list_is_tried_again_without_it() -> None:
    """The same error again is the subscription's, and fatal."""
    memory: Memory = {}
    first = opened(make_upbit(), memory)
    (step,) = first.received([error_frame("WRONG_FORMAT")], at(0.2))
    assert isinstance(step, Fail)
    assert not step.error.fatal
    assert first.closed(1000, "") is step.error

    second = make_upbit().conversation(memory)
    second.connect(at(10.0), NONCE)
    steps = second.opened(at(10.0), NONCE)
    assert kinds(steps) == ["Send", "Ping"]
    assert second.deadline == 20.0
    (step,) = second.received([error_frame("WRONG_FORMAT")], at(10.2))
    assert isinstance(step, Fail)
    assert type(step.error) is ExchangeError
    assert step.error.fatal


def test_r1_without_the_list_a_pong_is_the_proof() -> None:
    """After a refusal LIST is left out for good."""
    memory: Memory = {}
    opened(make_upbit(), memory).received([error_frame("INVALID_PARAM")], at(0.2))
    for _ in range(3):
        conversation = opened(make_upbit(), memory)
        assert list(conversation.pong(at(0.5))) == [Alive(0.5), Ready()]


@pytest.mark.parametrize(
    ("name", "kind", "fatal"),
    [
        ("INVALID_AUTH", AuthenticationError, True),
        ("out_of_scope", PermissionDenied, True),
        ("TOO_MANY_REQUEST", RateLimited, False),
    ],
)
def test_r1_errors_that_cannot_be_the_lists(
    name: str, kind: type[AssetStreamError], fatal: bool
) -> None:
    """The key's and the limit's errors count at once and do not blame LIST."""
    memory: Memory = {}
    (step,) = opened(make_upbit(), memory).received([error_frame(name)], at(0.2))

    assert isinstance(step, Fail)
    assert type(step.error) is kind
    assert step.error.fatal is fatal
    assert memory == {}


@pytest.mark.parametrize(
    ("name", "fatal"),
    [("WRONG_FORMAT", True), ("TOO_MANY_REQUEST", False), ("BRAND_NEW", False)],
)
def test_errors_once_the_list_came_are_judged_by_name(name: str, fatal: bool) -> None:
    """LIST can no longer be to blame; an unknown name is not fatal."""
    (step,) = ready("upbit").received([error_frame(name), LIST], at(1.0))

    assert isinstance(step, Fail)
    assert isinstance(step.error, (ExchangeError, RateLimited))
    assert (step.error.code, step.error.fatal) == (name, fatal)


def test_pushes_before_an_error_are_kept() -> None:
    """A read that ends in an error still delivers what came before it."""
    push = sample("upbit", "push_default")
    steps = ready("upbit").received([push, error_frame("INVALID_AUTH"), push], at(1.0))

    assert kinds(steps) == ["Report", "Fail"]


def test_up_is_life() -> None:
    """The reply to a text PING is told as life and nothing else."""
    assert list(ready("upbit").received([sample("upbit", "status_up")], at(1.0))) == [
        Alive()
    ]


def test_the_recipes_pair_of_frames() -> None:
    """One event, two frames 1 ms apart, with all digits."""
    frames = [sample("upbit", f"push_recipe_{c}") for c in ("krw", "xrp")]
    krw, xrp = reported(ready("upbit").received(frames, at(1.0)))

    assert (krw.currency, str(krw.available)) == ("KRW", "20517.4157543899035")
    assert (xrp.currency, str(xrp.locked)) == ("XRP", "0")
    assert krw.key == (1753769511603, 1753769511612)
    assert krw.key < xrp.key
    assert krw.update_id == "00000000-0000-0000-0000-000000000000"
    assert (krw.raw, xrp.raw) == tuple(frames)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("name", ["default", "simple", "simple_list"])
def test_every_form_is_understood_under_every_format(format: str, name: str) -> None:
    """What was asked for is the fast way, never the only one."""
    conversation = opened(make_upbit(format=format))
    (report,) = reported(
        conversation.received([sample("upbit", f"push_{name}")], at(1.0))
    )

    assert str(report.available) == "1386929.37231066771348207123"
    assert report.key == (1710146517259, 1710146517267)


def _push(**changes: Any) -> bytes:
    push = json.loads(sample("upbit", "push_recipe_xrp"))
    return frame({**push, **changes})


def test_a_missing_field_is_none_and_zero_is_zero() -> None:
    """K4: null and absent say nothing."""
    assets = [{"currency": "a", "balance": None}, {"currency": "b", "locked": 0}]
    a, b = reported(ready("upbit").received([_push(assets=assets)], at(1.0)))

    assert (a.currency, a.available, a.locked) == ("A", None, None)
    assert (b.available, str(b.locked)) == (None, "0")


@pytest.mark.parametrize(
    ("times", "key"),
    [
        ({"timestamp": None}, (1753769511603, 0)),
        ({"asset_timestamp": None}, None),
        ({"asset_timestamp": "1753769511603", "timestamp": 5.0}, (1753769511603, 5)),
        ({"asset_timestamp": -1}, None),
        ({"asset_timestamp": True}, None),
        ({"asset_timestamp": 10**18}, None),
        ({"asset_timestamp": 1.5}, None),
    ],
)
def test_k1_keys(times: dict[str, Any], key: tuple[int, int] | None) -> None:
    """Without the time of the change there is no key."""
    (report,) = reported(ready("upbit").received([_push(**times)], at(1.0)))

    assert report.key == key


def test_k5_a_bad_asset_does_not_lose_the_others() -> None:
    """The good are reported, each bad one is warned about by its currency."""
    assets = [
        {"currency": "XRP", "balance": "1", "locked": 0},
        {"currency": "btc", "balance": "NaN", "locked": 0},
        {"currency": None, "balance": 1, "locked": 0},
        {"currency": "ETH", "balance": 2, "locked": "0.5"},
        7,
    ]
    push = _push(assets=assets)
    steps = ready("upbit").received([push], at(1.0))

    assert kinds(steps) == ["Report", "Warn", "Warn"]
    assert [b.currency for b in reported(steps)] == ["XRP", "ETH"]
    errors = [step.error for step in steps if isinstance(step, Warn)]
    assert all(isinstance(e, ProtocolError) and e.frame == push for e in errors)
    assert [getattr(e, "currency", "") for e in errors] == ["BTC", None]


def test_k5_an_absurd_exponent_costs_one_currency() -> None:
    """A number that Decimal refuses does not lose the frame."""
    push = sample("upbit", "push_recipe_xrp").replace(
        b"1.15580212", b"1e99999999999999999999"
    )
    (step,) = ready("upbit").received([push], at(1.0))

    assert isinstance(step, Warn)
    assert getattr(step.error, "currency", None) == "XRP"


@pytest.mark.parametrize(
    ("spelling", "exact"),
    [
        ("0", "0"),
        ("-0.0", "0.0"),
        ("1e5", "1E+5"),
        ('"1.50"', "1.50"),
        ("-0.1", None),
        ("-1", None),
        ("1e999999", None),
        ("0." + "1" * 65, None),
        ("9" * 65, None),
        ("true", None),
        ('"NaN"', None),
        ('"Infinity"', None),
        ('" 1"', None),
        ('"1_000"', None),
        ('"1e999999"', None),
    ],
)
@pytest.mark.parametrize("name", ["balance", "locked"])
def test_k5_an_odd_amount_costs_one_currency_of_a_burst(
    name: str, spelling: str, exact: str | None
) -> None:
    """The frames around it and the other assets of its own are reported, in order."""
    usual = _push(assets=[{"currency": "BTC", "balance": 1.5, "locked": 0.5}])
    odd = {"currency": "XRP", "balance": 2.5, "locked": 0.5, name: "?"}
    eth = {"currency": "ETH", "balance": 3.5, "locked": 0.5}
    mixed = _push(assets=[odd, eth]).replace(b'"?"', spelling.encode())
    steps = ready("upbit").received([usual, mixed, usual], at(1.0))
    said = [(b.currency, b.raw) for b in reported(steps)]

    if exact is None:
        assert kinds(steps) == ["Report", "Warn", "Report"]
        assert said == [("BTC", usual), ("ETH", mixed), ("BTC", usual)]
    else:
        field = "available" if name == "balance" else name
        assert kinds(steps) == ["Report"]
        assert said[1:3] == [("XRP", mixed), ("ETH", mixed)]
        assert str(getattr(reported(steps)[1], field)) == exact


def test_a_burst_with_another_frame_in_it_is_told_in_order() -> None:
    """What is no push takes nothing from those around it."""
    push, other = _push(), frame({"status": "UP"})
    steps = ready("upbit").received([push, push, other, push], at(1.0))

    assert kinds(steps) == ["Report", "Alive", "Report"]
    assert [b.raw for b in reported(steps)] == [push, push, push]


def test_a_long_list_of_garbage_warns_once() -> None:
    """One frame is one doubt about the whole book."""
    assert kinds(ready("upbit").received([frame([1] * 1000)], at(1.0))) == ["Warn"]


def test_a_list_frame_holds_several_things() -> None:
    """Each element is taken for itself."""
    push = json.loads(sample("upbit", "push_recipe_xrp"))
    mixed = frame([push, {"status": "UP"}, {"type": "myOrder"}, push])

    assert kinds(ready("upbit").received([mixed], at(1.0))) == [
        "Report",
        "Alive",
        "Report",
    ]


def test_the_handshake_is_explained() -> None:
    """A refused upgrade goes through the same table."""
    error = make_upbit().conversation({}).refused(403, {}, error_frame("out_of_scope"))

    assert isinstance(error, PermissionDenied)


@pytest.mark.parametrize(
    ("mark", "step"),
    [
        ({"error": {"name": "INVALID_AUTH"}}, "Fail"),
        ({"status": "UP"}, "Alive"),
    ],
)
def test_what_a_frame_is_does_not_depend_on_the_way(
    mark: dict[str, Any], step: str
) -> None:
    """An error or a status goes before a type, even in an otherwise perfect push."""
    assert kinds(ready("upbit").received([_push(**mark)], at(1.0))) == [step]


def test_r1_an_empty_list_proves_nothing() -> None:
    """It is no push, whatever format was asked for."""
    for format in ("JSON_LIST", "SIMPLE_LIST"):
        assert list(opened(make_upbit(format=format)).received([b"[]"], at(1.0))) == []


def test_a_long_list_of_pushes_without_assets_warns_once() -> None:
    """One frame is one doubt about the whole book."""
    push = {"type": "myAsset"}
    assert kinds(ready("upbit").received([frame([push] * 1000)], at(1.0))) == ["Warn"]
