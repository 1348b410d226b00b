"""Observers of the traffic between a stream and its exchange."""

from __future__ import annotations

from typing import Any, Mapping, Sequence

import pytest

from assetstream.protocol import Connect, Exchange, HttpCall, Step
from assetstream.protocol.observer import GuardedObserver, Observer, observed
from tests.support.specs import NONCE, SPECS, Spec, at, keys_of


class Notes(Observer):
    """Notes each event with what came with it."""

    def __init__(self) -> None:
        self.seen: list[tuple[Any, ...]] = []

    def connecting(self, connect: Connect) -> None:
        self.seen.append(("connecting", connect))

    def refused(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.seen.append(("refused", status, headers, body))

    def opened(self) -> None:
        self.seen.append(("opened",))

    def received(self, frames: Sequence[bytes]) -> None:
        self.seen.append(("received", frames))

    def pong(self) -> None:
        self.seen.append(("pong",))

    def answered(self, steps: Sequence[Step]) -> None:
        self.seen.append(("answered", steps))

    def closed(self, code: int | None, reason: str) -> None:
        self.seen.append(("closed", code, reason))

    def reading(self, call: HttpCall) -> None:
        self.seen.append(("reading", call))

    def read_replied(
        self, status: int, headers: Mapping[str, str], body: bytes
    ) -> None:
        self.seen.append(("read replied", status, headers, body))


def shown(value: object) -> str:
    """Return a value by its text: errors are equal to nothing but themselves."""
    return repr(value)


def traffic(exchange: Exchange, spec: Spec) -> list[Any]:
    """Let everything happen to an exchange once; return its answers."""
    talk = exchange.conversation({})
    return [
        talk.connect(at(0.0), NONCE),
        talk.opened(at(0.1), NONCE),
        talk.received(spec.acks, at(0.2)),
        exchange.read(at(0.3), NONCE),
        exchange.read_replied(200, {}, spec.reply),
        (deadline := talk.deadline),
        talk.due(at(deadline)),
        talk.pong(at(deadline)),
        talk.closing(at(deadline)),
        talk.closed(1001, "bye"),
        exchange.conversation({}).refused(*REFUSAL),
    ]


def test_what_is_observed_is_judged_alike(spec: Spec) -> None:
    """The core goes by what an exchange declares, recorded or not."""
    exchange = spec.make()
    seen = observed(exchange, Observer())

    for name in Exchange.__annotations__:
        assert getattr(seen, name) == getattr(exchange, name), name


REFUSAL = 503, {"retry-after": "7"}, b"<html>"


@pytest.fixture(params=sorted(SPECS))
def spec(request: pytest.FixtureRequest) -> Spec:
    """Give the description of each exchange in turn."""
    return SPECS[request.param]


def test_an_observed_exchange_answers_as_it_does_alone(spec: Spec) -> None:
    """Neither the exchange nor who talks to it can tell that somebody looks on."""
    alone = traffic(spec.make(), spec)

    for observer in (Observer(), Notes()):
        answers = traffic(observed(spec.make(), observer), spec)
        assert list(map(shown, answers)) == list(map(shown, alone))


def test_an_observer_sees_each_event_and_then_its_answer(spec: Spec) -> None:
    """Each comes once, in order, with what it brought."""
    notes = Notes()
    connect, opened, ready, call, _, _, *others = traffic(
        observed(spec.make(), notes), spec
    )
    due, pong, closing, *_ = others

    assert notes.seen == [
        ("connecting", connect),
        ("opened",),
        ("answered", opened),
        ("received", spec.acks),
        ("answered", ready),
        ("reading", call),
        ("read replied", 200, {}, spec.reply),
        ("answered", due),
        ("pong",),
        ("answered", pong),
        ("answered", closing),
        ("closed", 1001, "bye"),
        ("refused", *REFUSAL),
    ]


def test_an_observed_exchange_shows_as_little(spec: Spec) -> None:
    """Repr, names, limits and redaction are the exchange's own."""
    exchange = spec.make()
    seen = observed(exchange, Observer())

    assert repr(seen) == repr(exchange)
    assert seen.fingerprint == exchange.fingerprint
    assert seen.limits is exchange.limits
    assert (seen.ws_url, seen.rest_url) == (exchange.ws_url, exchange.rest_url)
    secret = keys_of(exchange)[1].encode()
    assert seen.redacted(b"x" + secret) == b"x***"


SEEN = sorted(name for name in vars(Observer) if not name.startswith("_"))


@pytest.mark.parametrize("name", SEEN)
def test_d4_an_observer_that_raises_sees_no_more(name: str) -> None:
    """The exchange answers as it does alone, whatever it is that raises."""
    spec, notes, blamed = SPECS["upbit"], Notes(), list[Any]()

    def fail(*what: object) -> None:
        notes.seen.clear()
        raise ValueError

    setattr(notes, name, fail)
    guarded = GuardedObserver(notes, lambda *told: blamed.append(told))
    answers = traffic(observed(spec.make(), guarded), spec)
    assert list(map(shown, answers)) == list(map(shown, traffic(spec.make(), spec)))
    ((observer, error),) = blamed
    assert observer is notes
    assert isinstance(error, ValueError)
    assert notes.seen == []


def test_an_observer_that_is_guarded_sees_the_same(spec: Spec) -> None:
    """Until it raises, nothing is kept from it."""
    notes, guarded_notes, blamed = Notes(), Notes(), list[Any]()
    guarded = GuardedObserver(guarded_notes, lambda *told: blamed.append(told))
    traffic(observed(spec.make(), notes), spec)
    traffic(observed(spec.make(), guarded), spec)
    assert shown(guarded_notes.seen) == shown(notes.seen)
    assert blamed == []
