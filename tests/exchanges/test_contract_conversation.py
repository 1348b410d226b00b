"""The duties of every exchange's conversation."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetstream.exchanges import EXCHANGES
from assetstream.model.errors import AssetStreamError, ConnectionLost, ProtocolError
from assetstream.protocol import (
    NEVER,
    Conversation,
    Fail,
    Ping,
    Renew,
    Send,
    Step,
    Warn,
)
from tests.support.spec import proved
from tests.support.specs import SECRET, SPECS, Spec, at, kinds, opened, ready, reported
from tests.support.strategies import texts

# The names that steer the reading of a frame.
FIELDS = (
    *("event", "channel", "data", "type", "biz", "result", "error", "name", "status"),
    *("method", "assets", "currency", "balance", "b", "hold", "time", "errorCode"),
    *("ty", "mthd", "rslt", "asset_timestamp", "account"),
)


def test_a_push_is_reported_exactly(spec: Spec, name: str) -> None:
    """The digits on the wire are the digits reported; the frame is kept."""
    (report,) = reported(ready(name).received([spec.push], at(1.0)))
    currency, available, locked = spec.pushed

    assert (report.currency, str(report.available)) == (currency, available)
    assert report.locked == Decimal(locked)
    assert report.raw == spec.push
    assert report.key is not None
    assert report.key[0] > 1_700_000_000_000


def test_k5_an_amount_below_zero_is_read_only_where_it_is_declared(
    spec: Spec, name: str
) -> None:
    """A margin wallet may owe something; elsewhere nobody knows what it means."""
    push = spec.negative or spec.push.replace(spec.pushed[1].encode(), b"-1")
    assert push != spec.push
    (step,) = ready(name).received([push], at(1.0))

    if EXCHANGES[name].negative_amounts:
        assert min(report.available for report in reported([step])) < 0
    else:
        assert isinstance(step, Warn)
        assert getattr(step.error, "currency", None) == spec.pushed[0]


def test_a_burst_of_pushes_is_one_report(spec: Spec, name: str) -> None:
    """Consecutive frames of one read come as one step, in order."""
    steps = ready(name).received([spec.push] * 50, at(1.0))

    assert kinds(steps) == ["Report"]
    assert len(reported(steps)) == 50


def test_what_is_about_something_else_is_ignored(spec: Spec, name: str) -> None:
    """Other topics give neither warning nor report."""
    assert list(ready(name).received([spec.other], at(1.0))) == []


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
    """K5: a frame of unknown meaning puts everything in doubt; nothing is raised."""
    (step,) = ready(name).received([garbage], at(1.0))

    assert isinstance(step, Warn)
    assert isinstance(step.error, ProtocolError)
    assert step.error.currency is None
    assert not step.error.fatal
    assert "If this repeats, " in str(step.error)


@given(
    frames=st.lists(
        st.one_of(
            st.binary(max_size=60),
            st.recursive(
                st.none() | st.booleans() | st.integers() | texts,
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
@pytest.mark.parametrize("exchange_name", sorted(EXCHANGES))
def test_no_frame_makes_it_raise(exchange_name: str, frames: list[bytes]) -> None:
    """Any frame in any phase becomes steps."""
    for conversation in (
        opened(SPECS[exchange_name].make()),
        ready(exchange_name),
    ):
        conversation.received(frames, at(1.0))
        conversation.received(frames, at(2.0))
        assert isinstance(conversation.closed(1000, "x"), AssetStreamError)


def test_deadlines_move_forward(spec: Spec) -> None:
    """After ``due`` the deadline lies ahead, for ever or until the connection fails."""
    conversation = opened(spec.make())
    for _ in range(50):
        now = conversation.deadline
        if now == NEVER:
            break
        steps = conversation.due(at(now))
        assert conversation.deadline > now
        if any(isinstance(step, Fail) for step in steps):
            assert conversation.deadline == NEVER


def test_due_too_early_does_nothing(name: str) -> None:
    """A call before the deadline sends nothing and keeps the deadline."""
    conversation = ready(name)
    before = conversation.deadline

    assert list(conversation.due(at(before - 0.001))) == []
    assert conversation.deadline == before


def test_one_ping_after_a_long_sleep(name: str) -> None:
    """A clock that jumped, as after a suspend, gives one ping and not hundreds."""
    conversation = ready(name)

    # For some, a day has passed as well, after which the connection is renewed.
    steps = conversation.due(at(100_000.0))
    assert len([step for step in steps if not isinstance(step, Renew)]) == 1
    assert conversation.deadline > 100_000.0


def _phases(spec: Spec) -> list[Conversation]:
    fresh = spec.make().conversation({})
    part = opened(spec.make())
    part.received(spec.acks[:1], at(0.1))
    whole = proved(spec)
    failed = opened(spec.make())
    failed.due(at(3600.0))
    failed.due(at(7200.0))
    return [fresh, opened(spec.make()), part, whole, failed]


def test_closing_is_harmless_in_every_phase(spec: Spec) -> None:
    """Saying goodbye twice, early or after a failure only ever sends text."""
    for conversation in _phases(spec):
        for _ in range(2):
            assert all(isinstance(step, Send) for step in conversation.closing(at(0.0)))


def test_nothing_is_sent_after_a_failure(spec: Spec) -> None:
    """A failed conversation asks for nothing more and has no deadline."""
    failed = _phases(spec)[-1]

    assert failed.deadline == NEVER
    assert list(failed.received([spec.push, *spec.acks], at(9000.0))) == []
    assert list(failed.due(at(9000.0))) == []


@pytest.mark.parametrize("code", [None, 1000, 1001, 1006, 1011, 4000])
def test_any_close_is_a_loss(name: str, code: int | None) -> None:
    """L2: code 1000 is a loss too, never fatal; the peer's words are kept."""
    error = ready(name).closed(code, f"bye {SECRET}")

    assert isinstance(error, ConnectionLost)
    assert (error.code, error.reason, error.fatal) == (code, "bye ***", False)
    assert error.exchange == name
    assert error.problem.endswith("(bye ***)")
    assert "; the stream tries again by itself. " in str(error)


def test_a_pong_is_life(name: str) -> None:
    """A protocol pong is reported, with its round trip where a ping is open."""
    conversation = ready(name)
    sent_at = conversation.deadline
    conversation.due(at(sent_at))
    (step,) = conversation.pong(at(sent_at + 0.25))

    assert getattr(step, "round_trip", None) == pytest.approx(0.25)


def test_an_unasked_pong_has_no_round_trip(name: str) -> None:
    """Without an open ping there is nothing to measure."""
    (step,) = ready(name).pong(at(5.0))

    assert getattr(step, "round_trip", 0.0) is None


def test_ping_goes_out_in_time(spec: Spec, name: str) -> None:
    """Pings follow each other by the interval of the limits."""
    conversation = ready(name)
    interval = spec.make().limits.ping_interval
    beats = []
    for _ in range(3):
        beats.append(conversation.deadline)
        (step,) = conversation.due(at(conversation.deadline))
        assert isinstance(step, (Ping, Send))

    assert beats == pytest.approx([interval, 2 * interval, 3 * interval])


def test_k5_many_doubts_of_one_frame_are_one(name: str, spec: Spec) -> None:
    """Each warning may keep a copy of the frame: memory stays near a frame's size."""
    codes = [f"C{number}" for number in range(1000)]
    (step,) = ready(name).received([spec.unreadable(codes)], at(1.0))

    assert isinstance(step, Warn)
    assert isinstance(step.error, ProtocolError)
    assert step.error.currency is None
    assert "1000 of its entries" in str(step.error)
    assert len(ready(name).received([spec.unreadable(codes[:20])], at(1.0))) == 20


def test_a_push_without_its_type_is_unreadable(name: str, spec: Spec) -> None:
    """A push without a type is unreadable even if the rest fits."""
    push = json.loads(spec.push)
    push.pop("type", None)
    untyped = spec.untyped or json.dumps(push).encode()
    (step,) = ready(name).received([untyped], at(1.0))

    assert isinstance(step, Warn)


def test_bad_utf8_is_unreadable_wherever_it_stands(name: str, spec: Spec) -> None:
    """A frame is read whole or not at all, unused fields included."""
    push = spec.push[:-1] + b',"x\xff":1}'
    (step,) = ready(name).received([push], at(1.0))

    assert isinstance(step, Warn)
    assert getattr(step.error, "currency", "") is None


#: Pushes with an amount that is unreadable, or spelt oddly.
BAD = {
    name: [
        spec.push.replace(spec.pushed[1].encode(), odd)
        for odd in (b"-1", b"1e999", b"1E5", b"-0", b"x")
    ]
    for name, spec in SPECS.items()
}


@given(data=st.data())
def test_a_burst_has_the_steps_of_its_single_frames(data: st.DataObject) -> None:
    """A burst gives the steps of its single frames, with reports joined."""
    exchange = data.draw(st.sampled_from(sorted(SPECS)))
    spec = SPECS[exchange]
    usual = st.just(spec.push)
    others = st.sampled_from([spec.other, b"?", b"[]", *BAD[exchange]])
    frames = data.draw(st.lists(usual | others, max_size=6))
    together = ready(exchange).received(frames, at(1.0))
    alone, one_by_one = ready(exchange), []
    for each in frames:
        one_by_one += alone.received([each], at(1.0))

    assert reported(together) == reported(one_by_one)
    assert _warned(together) == _warned(one_by_one)


def _warned(steps: Sequence[Step]) -> list[str]:
    return [str(step.error) for step in steps if isinstance(step, Warn)]
