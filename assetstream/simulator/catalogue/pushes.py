"""Faults of the pushes: unreadable, impossible, twice, late, in disorder, never."""

from __future__ import annotations

import random
import re
import threading
from collections import defaultdict, deque
from functools import lru_cache, partial
from typing import Callable, Iterable, Mapping

from msgspec.structs import replace

from assetstream.exchanges import EXCHANGES
from assetstream.protocol import Fields
from assetstream.simulator.account import Account
from assetstream.simulator.catalogue.common import (
    FaultEntry,
    ForAccount,
    withholds,
)
from assetstream.simulator.catalogue.parameters import interval, share, shift
from assetstream.simulator.connection import Connection
from assetstream.simulator.messages import Kind, Message

__all__ = ["FAULTS"]


@lru_cache
def values(names: tuple[str, ...], form: bytes) -> re.Pattern[bytes]:
    """Make a pattern of what is before the values of these names, and of them."""
    named = b"|".join(map(re.escape, map(str.encode, names))) or rb"(?!)"
    return re.compile(rb'("(?:%b)":"?)(%b)' % (named, form))


class AlterPushes(ForAccount):
    """Sends each push as ``alter`` changes it; its balances may be lost."""

    def __init__(
        self, account: Account | None = None, *, alter: Callable[[bytes, Fields], bytes]
    ) -> None:
        super().__init__(account)
        self._alter = alter

    def sending(self, connection: Connection, message: Message) -> Iterable[Message]:
        """Alter a push."""
        if message.kind is Kind.PUSH and self._strikes(connection.account):
            fields = EXCHANGES[connection.exchange].fields
            message = replace(message, payload=self._alter(message.payload, fields))
        return (message,)


class ClockJump(AlterPushes):
    """Moves the exchange's clock some seconds ahead, in pushes and in ``Date``."""

    def __init__(
        self, account: Account | None = None, *, seconds: float = 3600.0
    ) -> None:
        super().__init__(account, alter=self._move)
        self._seconds = seconds

    def ahead(self, exchange: str) -> float:
        """Return the seconds."""
        return self._seconds if self._exchange in (None, exchange) else 0.0

    def _move(self, payload: bytes, fields: Fields) -> bytes:
        for names, ahead in ((fields.times, 1000), (fields.seconds, 1)):
            by = int(self._seconds * ahead)
            payload = values(names, rb"[0-9]+").sub(partial(_later, by), payload)
        return payload


class DuplicatePushes(ForAccount):
    """Sends each push twice."""

    def sending(self, connection: Connection, message: Message) -> Iterable[Message]:
        """Send a push twice."""
        twice = message.kind is Kind.PUSH and self._strikes(connection.account)
        return (message, message) if twice else (message,)


class LosePushes(ForAccount):
    """Loses a share of the pushes at random, the same ones each time."""

    def __init__(self, account: Account | None = None, *, share: float = 0.5) -> None:
        super().__init__(account)
        if not 0 <= share <= 1:
            raise ValueError(f"share is 0 to 1, not {share}")
        self._share = share
        self._chance = random.Random(0)

    def sending(self, connection: Connection, message: Message) -> Iterable[Message]:
        """Lose an unlucky push."""
        if message.kind is not Kind.PUSH or not self._strikes(connection.account):
            return (message,)
        return () if self._chance.random() < self._share else (message,)


class KeepPushes(ForAccount):
    """Keeps pushes back; sends those still kept at the end, in their order."""

    def __init__(self, account: Account | None = None) -> None:
        super().__init__(account)
        self._lock = threading.Lock()
        self._kept: dict[Connection, deque[Message]] = defaultdict(deque)

    def sending(self, connection: Connection, message: Message) -> Iterable[Message]:
        """Keep a push."""
        if message.kind is not Kind.PUSH or not self._strikes(connection.account):
            return (message,)
        with self._lock:
            if self._over.is_set():
                return (message,)
            return self.keep(connection, message, self._kept[connection])

    def keep(
        self, connection: Connection, message: Message, kept: deque[Message]
    ) -> Iterable[Message]:
        """Keep one more push; return the messages to send now."""
        kept.append(message)
        return ()

    def ended(self) -> None:
        """Send the pushes that are still kept."""
        with self._lock:
            super().ended()
            for connection, messages in self._kept.items():
                for message in messages:
                    connection.post(message)
            self._kept.clear()


class DelayPushes(KeepPushes):
    """Sends each push some seconds late, in its order."""

    def __init__(self, account: Account | None = None, *, seconds: float = 0.1) -> None:
        super().__init__(account)
        self._seconds = seconds

    def keep(
        self, connection: Connection, message: Message, kept: deque[Message]
    ) -> Iterable[Message]:
        """Keep the push, and send the oldest one later."""
        kept.append(message)
        release = partial(self._release, connection)
        connection.post(lambda: connection.call_later(self._seconds, release))
        return ()

    def _release(self, connection: Connection) -> None:
        with self._lock:
            if self._kept[connection]:
                connection.post(self._kept[connection].popleft())


class ReorderPushes(KeepPushes):
    """Swaps each push with the one after it."""

    def keep(
        self, connection: Connection, message: Message, kept: deque[Message]
    ) -> Iterable[Message]:
        """Keep the push, or send it and then the one before it."""
        if kept:
            return (message, kept.popleft())
        return super().keep(connection, message, kept)


def _later(by: int, found: re.Match[bytes]) -> bytes:
    return found[1] + b"%d" % (int(found[2]) + by)


def amounts(text: bytes) -> Callable[[bytes, Fields], bytes]:
    """Make a function that writes ``text`` in place of every amount of a push."""
    return lambda payload, fields: values(fields.amounts, rb'[^",}]+').sub(
        rb"\g<1>" + text, payload
    )


def alters(alter: Callable[[bytes, Fields], bytes]) -> partial[AlterPushes]:
    """Make the maker of a fault that alters pushes so."""
    return partial(AlterPushes, alter=alter)


LOST = "; the true amounts are lost"

FAULTS: Mapping[str, FaultEntry] = {
    "garbage_json": FaultEntry(
        "pushes are no JSON" + LOST, alters(lambda payload, fields: b"<garbage>{]")
    ),
    "truncated_json": FaultEntry(
        "pushes end in their middle" + LOST,
        alters(lambda payload, fields: payload[: len(payload) // 2]),
    ),
    "deep_nesting": FaultEntry(
        "pushes are 100,000 nested lists" + LOST,
        alters(lambda payload, fields: b"[" * 100_000),
    ),
    "nan_amounts": FaultEntry(
        "amounts in pushes are NaN" + LOST, alters(amounts(b"NaN"))
    ),
    "infinite_amounts": FaultEntry(
        "amounts in pushes are Infinity" + LOST, alters(amounts(b"Infinity"))
    ),
    "negative_amounts": FaultEntry(
        "amounts in pushes are -1" + LOST,
        alters(amounts(b"-1")),
        harmless="negative_amounts",
    ),
    "huge_exponents": FaultEntry(
        "amounts in pushes are 1E+999999999" + LOST, alters(amounts(b"1E+999999999"))
    ),
    "clock_jump": FaultEntry(
        "the exchange's clock is seconds=3600 ahead, in pushes and in Date headers",
        ClockJump,
        parameters={"seconds": shift},
    ),
    "pushes_duplicated": FaultEntry("every push comes twice", DuplicatePushes),
    "pushes_reordered": FaultEntry(
        "every push is swapped with the next one", ReorderPushes
    ),
    "pushes_delayed": FaultEntry(
        "every push comes seconds=0.1 late, in its order; at the end the rest at once",
        DelayPushes,
        parameters={"seconds": interval},
    ),
    "pushes_withheld": FaultEntry(
        "no push comes; at the end all of them, in their order", KeepPushes
    ),
    "pushes_lost": FaultEntry(
        "of the pushes a share=0.5 is lost, by chance; 1 loses them all",
        LosePushes,
        parameters={"share": share},
    ),
    "pong_withheld": FaultEntry(
        "no ping is answered, neither WebSocket's nor the exchange's own",
        withholds(Kind.PONG, Kind.STATUS),
    ),
}
