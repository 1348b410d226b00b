"""A machine with a real adapter that a test drives at times of its choice."""

from __future__ import annotations

import itertools
import math
from typing import Any, Sequence, TypeVar

from assetstream.core.effects import (
    Ask,
    Dial,
    Effect,
    Fetch,
    HangUp,
    Publish,
)
from assetstream.core.machine import StreamMachine
from assetstream.core.moment import Moment
from assetstream.core.outcomes import HttpReply
from assetstream.core.present import Present
from assetstream.model.events import Event, StateChange
from tests.support.specs import SPECS, START_MS

__all__ = ["Driven", "at", "items", "names", "only", "states"]

E = TypeVar("E")


def at(now: float) -> Moment:
    """Return the moment ``now`` seconds after the start, all clocks being right."""
    return Moment(now, START_MS / 1000 + now)


def names(effects: Sequence[Effect]) -> list[str]:
    """Return the class names of the effects, in order."""
    return [type(effect).__name__ for effect in effects]


def only(effects: Sequence[Effect], kind: type[E]) -> E:
    """Return the only effect of a class."""
    (found,) = [effect for effect in effects if isinstance(effect, kind)]
    return found


def items(effects: Sequence[Effect]) -> list[Event]:
    """Return everything that the effects publish."""
    found: list[Event] = []
    for effect in effects:
        if isinstance(effect, Publish):
            found += effect.items
    return found


def states(effects: Sequence[Effect]) -> list[str]:
    """Return the states that the effects publish."""
    return [i.current.value for i in items(effects) if isinstance(i, StateChange)]


class Driven:
    """A machine, and the steps by which a stream becomes LIVE."""

    def __init__(self, name: str = "upbit", **options: Any) -> None:
        self.spec = SPECS[name]
        self.exchange = self.spec.make()
        nonces = itertools.count()
        self.now = 0.0
        self.present = Present(name, f"{name}-1", lambda: self.now)
        self.machine = StreamMachine(
            self.exchange,
            self.present,
            audit_interval=options.pop("audit_interval", 60.0),
            adaptive=options.pop("adaptive", True),
            random=options.pop("random", lambda: 0.5),
            nonce=lambda: f"nonce-{next(nonces)}",
        )
        self.connection = 0
        assert not options

    def dial(self, now: float) -> Sequence[Effect]:
        """Start, or connect anew, up to the dialling."""
        if self.machine.link.name == "NONE":
            asked = self.machine.started(at(now))
        else:
            asked = self.machine.due(at(now))
        self.connection = only(asked, Ask).ticket
        return self.machine.granted(self.connection, at(now))

    def open(self, now: float) -> Sequence[Effect]:
        """Connect, and report the upgrade accepted."""
        only(self.dial(now), Dial)
        return self.machine.opened(self.connection, {}, now, at(now))

    def prove(self, now: float) -> Sequence[Effect]:
        """Connect, and acknowledge the subscription; return the last effects."""
        effects = self.open(now)
        for ack in self.spec.acks:
            effects = self.machine.frames([ack], at(now))
        return effects

    def fetch(self, now: float) -> Fetch:
        """Ask for the read that is due, and grant it."""
        ask = only(self.machine.due(at(now)), Ask)
        return only(self.machine.granted(ask.ticket, at(now)), Fetch)

    def read(self, now: float, body: bytes | None = None) -> Sequence[Effect]:
        """Make the read that is due, and answer it."""
        return self.reply(self.fetch(now), now, body)

    def reply(
        self, fetch: Fetch, now: float, body: bytes | None = None
    ) -> Sequence[Effect]:
        """Answer a read with good balances."""
        reply = HttpReply(200, {}, self.spec.reply if body is None else body)
        return self.machine.replied(fetch.ticket, reply, now, at(now))

    def live(self, now: float = 0.0) -> Driven:
        """Take the stream to LIVE."""
        self.prove(now)
        assert states(self.read(now)) == ["LIVE"]
        return self

    def end(self, effects: Sequence[Effect], ending: Any, now: float) -> Sequence[Any]:
        """Report the end of the connection that the effects hang up."""
        return self.machine.ended(only(effects, HangUp).ticket, ending, at(now))

    @property
    def idle(self) -> bool:
        """True if nothing will ever be due."""
        return self.machine.deadline == math.inf
