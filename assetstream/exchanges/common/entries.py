"""Frames and REST entries once they are read, whatever exchange they are from."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from typing import Any, Callable, Iterable, Mapping, Union

import msgspec
from msgspec import Struct

from assetstream.exchanges.common.values import (
    MALFORMED,
    Unreadable,
    amount,
    currency_code,
    decode,
)
from assetstream.protocol import BalanceReport, Snapshot

__all__ = [
    "Amounts",
    "PushedBalances",
    "UnreadableFrame",
    "names_twice",
    "read_computed",
    "read_entry",
    "read_list",
    "snapshot_of",
]


class PushedBalances(Struct):
    """Balances changed; ``unreadable``: an entry's currency (None: unknown), its fault.

    One unreadable entry does not lose the others of its frame (K5).
    """

    balances: list[BalanceReport]
    unreadable: dict[str | None, str] = {}


class UnreadableFrame(Struct):
    """Nothing of a frame, or of an entry of it, was understood; ``why`` in words."""

    why: str


#: What is available and what is locked; None: it is not said.
Amounts = tuple[Union[Decimal, None], Union[Decimal, None]]


_pairs = json.JSONDecoder(object_pairs_hook=list)
_entries = msgspec.json.Decoder(list[msgspec.Raw])


def names_twice(data: bytes, names: int) -> list[str]:
    """Return the names that stand twice in a JSON object, which is well formed.

    Nobody knows which of the two is right; other decoders take the last (K5).

    Args:
        data: the object's bytes.
        names: how many different names there are, those in its values included as far
            as they are known.

    Raises:
        Unreadable: it is not UTF-8, which msgspec checks only where it has a field.
    """
    # Each name has a colon behind it. With no more colons than different names none
    # stands twice, and a second decode is spared: so it is nearly always.
    if data.count(b":") <= names and data.isascii():
        return []
    pairs: list[tuple[str, object]]
    try:
        pairs = _pairs.decode(data.decode())
    except MALFORMED as exc:
        raise Unreadable(f"not readable as JSON ({exc})") from None
    return [name for name, times in Counter(n for n, _ in pairs).items() if times > 1]


def read_entry(
    raw: bytes,
    available: str,
    locked: str,
    code: str | None = None,
    *,
    named: str = "currency",
) -> tuple[str, BalanceReport | None]:
    """Read one entry of a REST list of balances, with a field for each amount.

    Args:
        available: its name for the free amount.
        locked: its name for the held amount.
        raw, code, named: as for ``read_computed``, which says what is returned.
    """

    def amounts(entry: Mapping[str, Any]) -> Amounts:
        return amount(entry.get(available)), amount(entry.get(locked))

    return read_computed(raw, (available, locked), amounts, code, named=named)


def read_computed(
    raw: bytes,
    fields: Iterable[str],
    amounts: Callable[[dict[str, Any]], Amounts],
    code: str | None = None,
    *,
    named: str = "currency",
) -> tuple[str, BalanceReport | None]:
    """Read one entry of a REST list of balances.

    Returns its currency, "" if that is unknown, and None in place of a report if
    the rest cannot be understood.

    Args:
        raw: the entry's bytes.
        fields: that ``amounts`` reads: none may stand twice.
        amounts: returns what is available and what is locked, each None if it is not
            said; may raise ``Unreadable``.
        code: the currency's code where the entry stands under it; otherwise the entry
            has it as its field ``named``.
    """
    currency = ""
    try:
        if code is not None:
            currency = currency_code(code)
        entry = decode(raw)
        if not isinstance(entry, dict):
            return currency, None
        twice = names_twice(raw, len(entry))
        if code is None:
            if named in twice:
                return "", None
            currency = currency_code(entry.get(named))
        if not set(fields).isdisjoint(twice):
            return currency, None
        available, locked = amounts(entry)
    except Unreadable:
        return currency, None
    # A complete list must hold both: here a missing amount is not understood (S2).
    if available is None or locked is None:
        return currency, None
    return currency, BalanceReport(currency, available, locked, raw=raw)


def read_list(body: bytes, available: str, locked: str) -> Snapshot:
    """Read a REST list of balances, each entry at its own risk (S2).

    Args:
        body: the reply.
        available: the name of the free amount in an entry.
        locked: the name of the held amount.

    Raises:
        Unreadable: it is no list.
    """
    try:
        entries = _entries.decode(body)
    except MALFORMED as exc:
        raise Unreadable(f"no list of balances ({exc})") from None
    return snapshot_of(read_entry(bytes(raw), available, locked) for raw in entries)


def snapshot_of(entries: Iterable[tuple[str, BalanceReport | None]]) -> Snapshot:
    """Make a snapshot of entries: a currency ("": unknown) and its report.

    An entry without a report was not understood. It costs only its own currency (S2),
    and so does a currency that came twice: nobody knows which of the two is right.
    """
    balances: dict[str, BalanceReport] = {}
    unreadable: dict[str, None] = {}
    for currency, report in entries:
        if report is None or currency in balances:
            unreadable[currency] = None
        else:
            balances[currency] = report
    for currency in unreadable:
        balances.pop(currency, None)
    return Snapshot(tuple(balances.values()), tuple(unreadable))
