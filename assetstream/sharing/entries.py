"""The form in which a worker writes into the engine, and a reader reads.

Everything is JSON, amounts are text with the digits the exchange sent, times are whole
numbers. Never in it: what the exchange's frames held besides, keys, tokens, proxies
(P4). What cannot be read is an error that says so, never a guess.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Mapping, NamedTuple, Sequence, TypeVar, Union

import msgspec
from msgspec import Meta, Struct

from assetstream.exchanges.common.values import (
    MALFORMED,
    Unreadable,
    amount,
    currency_code,
)
from assetstream.model import errors
from assetstream.model.errors import AssetStreamError, CallbackError, ProtocolError
from assetstream.model.events import EPOCH, AssetUpdate, Balance, Source
from assetstream.model.states import State

__all__ = [
    "VERSION",
    "BookEntry",
    "Entry",
    "ErrorEntry",
    "ErrorFacts",
    "Head",
    "LogItem",
    "OwnerEntry",
    "Pulse",
    "ResetEntry",
    "SharedAccount",
    "StateEntry",
    "UpdateEntry",
    "amounts_of",
    "book_entry",
    "error_of",
    "facts_of",
    "moment",
    "packed",
    "read_account",
    "read_log",
    "read_pulse",
    "update_entry",
]

#: Of the form described here. A reader refuses what is written in another one.
VERSION = 1

#: The last moments that a datetime can hold.
LAST_MS = 253_402_300_799_999
Milliseconds = Annotated[int, Meta(ge=0, le=LAST_MS)]
Microseconds = Annotated[int, Meta(ge=0, le=LAST_MS * 1000)]
Count = Annotated[int, Meta(ge=0)]
Seconds = Annotated[float, Meta(ge=0)]

#: Facts of an error that only some have.
DETAILS = ("code", "reason", "message", "currency")
ERRORS: Mapping[str, type[AssetStreamError]] = {
    name: getattr(errors, name) for name in errors.__all__
}


class BookEntry(Struct, frozen=True, array_like=True, gc=False):
    """The balance of one currency.

    Attributes:
        available: amount free for orders, as text.
        locked: amount held by orders or withdrawals, as text.
        changed: when it took this value; milliseconds since 1970.
        source: how it became known.
    """

    available: str
    locked: str
    changed: Milliseconds
    source: Source


class UpdateEntry(Struct, frozen=True, array_like=True, tag="u", gc=False):
    """One change of one currency's balance.

    Attributes:
        currency: its code.
        available, locked: as in ``BookEntry``.
        time: the exchange's time of the change; milliseconds; None: it gave none.
        received: the owner's time of receipt; microseconds since 1970.
        source: how it became known.
        update_id: the exchange's identifier of the change, or None.
        doubted: 0, or, where the currency was in doubt with it, the number of the first
            pulse composed after: that one, or a later one, tells whether it still is.
    """

    currency: str
    available: str
    locked: str
    time: Milliseconds | None
    received: Microseconds
    source: Source
    update_id: str | None = None
    doubted: Count = 0


class ErrorFacts(Struct, frozen=True, array_like=True):
    """An error without what only its own process may see.

    Attributes:
        type: the name of its class.
        problem, remedy, hints, retry_after: as in ``AssetStreamError``.
        details: what only its class has.
    """

    type: str
    problem: str
    remedy: str = ""
    hints: tuple[str, ...] = ()
    retry_after: Seconds | None = None
    details: dict[str, Union[str, int, None]] = {}


class StateEntry(Struct, frozen=True, array_like=True, tag="s"):
    """The owner's stream went into another state."""

    state: State
    reason: str
    error: ErrorFacts | None = None


class ResetEntry(Struct, frozen=True, array_like=True, tag="r"):
    """The whole book, and the state, after a time in which nothing could be written."""

    book: dict[str, BookEntry]
    state: State
    reason: str
    error: ErrorFacts | None = None


class OwnerEntry(Struct, frozen=True, array_like=True, tag="o"):
    """The account was taken, or given back: its head has to be read anew.

    Attributes:
        owner: the worker's name; "": it was given back.
    """

    owner: str


class ErrorEntry(Struct, frozen=True, array_like=True, tag="e"):
    """An error that the owner's stream reported."""

    error: ErrorFacts


Entry = Union[UpdateEntry, StateEntry, ResetEntry, OwnerEntry, ErrorEntry]


class Pulse(Struct, frozen=True, array_like=True):
    """The word of a worker about all its accounts, of one moment (P2).

    Attributes:
        number: one more than the pulse before, if the engine had acknowledged that one
            when this was composed; two more if it had not.
        clock: the worker's own stopwatch when it was composed; seconds.
        age: how old the oldest proof of life is that it goes by; seconds.
        left: account -> for how long it is good at most; seconds; 0: it is not LIVE.
            What is not named is good for longer than any reader asks for.
        doubts: account -> currencies in doubt, or not known; "" for all that are not
            held.
        connection: number of the worker's connection that it was composed for (V7).
    """

    number: Annotated[int, Meta(ge=1)]
    clock: Seconds
    age: Seconds = 0.0
    left: dict[str, Seconds] = {}
    doubts: dict[str, tuple[str, ...]] = {}
    connection: Count = 0


class Head(Struct, frozen=True):
    """The owner and the state of one account.

    Attributes:
        version: of the form in which its owner writes.
        exchange: the exchange's name.
        owner: the worker's name; "": none owns it.
        token: greater than that of every owner before.
        seq: number of the last entry of its log.
        state, reason, error: as in ``StateEntry``.
        connection: number of the owner's connection by which it was taken (V7).
    """

    version: Count
    exchange: str
    owner: str
    token: Count
    seq: Count
    state: State
    reason: str = ""
    error: ErrorFacts | None = None
    connection: Count = 0


class SharedAccount(NamedTuple):
    """One account as the engine has it at one moment.

    Attributes:
        head: owner and state.
        book: currency -> its balance.
        last_id: where its log goes on.
    """

    head: Head
    book: Mapping[str, BookEntry]
    last_id: str


class LogItem(NamedTuple):
    """An entry of a log with its place in the stream, and its number."""

    id: str
    seq: int
    entry: Entry


Read = TypeVar("Read")

packed = msgspec.json.Encoder().encode
_entry = msgspec.json.Decoder(Entry)
_pulse = msgspec.json.Decoder(Pulse)
_book_entry = msgspec.json.Decoder(BookEntry)
_facts = msgspec.json.Decoder(ErrorFacts)


def read_pulse(data: bytes) -> Pulse:
    """Read a pulse; ProtocolError if it is none."""
    try:
        return _pulse.decode(data)
    except MALFORMED as exc:
        raise _unreadable("a pulse", None, exc) from None


def read_log(
    account: str, items: Sequence[tuple[bytes, Mapping[bytes, bytes]]]
) -> list[LogItem]:
    """Read entries of an account's log; ProtocolError if one is none."""
    try:
        return [
            LogItem(place.decode(), int(fields[b"s"]), _entry.decode(fields[b"d"]))
            for place, fields in items
        ]
    except (KeyError, *MALFORMED) as exc:
        raise _unreadable("an entry of its log", account, exc) from None


def read_account(
    account: str,
    head: Mapping[bytes, bytes],
    book: Mapping[bytes, bytes],
    last_id: bytes,
) -> SharedAccount | None:
    """Read an account; None if the engine has none of this name.

    Raises:
        ProtocolError: it cannot be read, or is written in another version's form.
    """
    if not head:
        return None
    try:
        fields: dict[str, Any] = {k.decode(): v.decode() for k, v in head.items()}
        _check_version(account, int(fields["version"]))
        told = fields.get("error")
        fields["error"] = _facts.decode(told) if told else None
        return SharedAccount(
            msgspec.convert(fields, Head, strict=False),
            {code.decode(): _book_entry.decode(value) for code, value in book.items()},
            last_id.decode(),
        )
    except (KeyError, *MALFORMED) as exc:
        raise _unreadable("its entry", account, exc) from None


def _check_version(account: str, version: int) -> None:
    """Raise ProtocolError unless this release reads the form an owner writes in."""
    if version != VERSION:
        raise ProtocolError(
            f"its owner writes in version {version} of the shared form, and this "
            f"release of assetstream reads version {VERSION}",
            remedy="Install the same release on both machines.",
            account=account,
        )


def amounts_of(
    account: str, currency: str, entry: BookEntry | UpdateEntry
) -> tuple[Decimal, Decimal]:
    """Return the two amounts of an entry; ProtocolError if they are none (K5).

    Whether one below zero is a debt, or nothing at all, is known to its owner alone.
    """
    try:
        currency_code(currency)
        available = amount(entry.available, negative=True)
        locked = amount(entry.locked, negative=True)
    except Unreadable as exc:
        raise _unreadable(f"its balance of {currency!r:.80}", account, exc) from None
    assert available is not None
    assert locked is not None
    return available, locked


def update_entry(update: AssetUpdate, doubted: int) -> UpdateEntry:
    """Make the entry of an update; ``doubted`` as there."""
    return UpdateEntry(
        update.currency,
        str(update.available),
        str(update.locked),
        None if update.time is None else _microseconds(update.time) // 1000,
        _microseconds(update.received),
        update.source,
        update.update_id,
        doubted,
    )


def book_entry(balance: Balance | AssetUpdate) -> BookEntry:
    """Make the entry of a balance, or of what an update has made of it."""
    if isinstance(balance, Balance):
        changed = balance.changed_at
    else:
        changed = balance.time or balance.received
    return BookEntry(
        str(balance.available),
        str(balance.locked),
        _microseconds(changed) // 1000,
        balance.source,
    )


def facts_of(error: AssetStreamError | None) -> ErrorFacts | None:
    """Return what readers are told of an error; None: nothing, it is the owner's own.

    Frames, handlers and causes stay where they are (P4).
    """
    if error is None or isinstance(error, CallbackError):
        return None
    return ErrorFacts(
        type(error).__name__,
        error.problem,
        error.remedy,
        error.hints,
        error.retry_after,
        {name: getattr(error, name) for name in DETAILS if hasattr(error, name)},
    )


def error_of(facts: ErrorFacts, exchange: str | None, account: str) -> AssetStreamError:
    """Make an error of what an owner told of one.

    It is not fatal, whatever it was there: its owner, or another one, may come back.
    """
    kind = ERRORS.get(facts.type, AssetStreamError)
    # A fact that this release's class has not is left out.
    known = {name: facts.details[name] for name in DETAILS if name in facts.details}
    details: dict[str, Any] = {
        name: value for name, value in known.items() if hasattr(kind, name)
    }
    return kind(
        facts.problem,
        remedy=facts.remedy,
        hints=facts.hints,
        exchange=exchange,
        account=account,
        fatal=False,
        retry_after=facts.retry_after,
        **details,
    )


def moment(microseconds: int) -> datetime:
    """Return the time that is so many microseconds after 1970. UTC."""
    return EPOCH + timedelta(microseconds=microseconds)


def _microseconds(time: datetime) -> int:
    # In whole numbers: a float of so many seconds would round the last digit.
    return (time - EPOCH) // timedelta(microseconds=1)


def _unreadable(what: str, account: str | None, why: Exception) -> ProtocolError:
    return ProtocolError(
        f"{what} in the engine cannot be read ({why})"[:400],
        remedy="See who writes there: only workers of assetstream may.",
        account=account,
    )
