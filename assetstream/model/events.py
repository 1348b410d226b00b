"""Events and balances for the user: frozen, typed, cheap to make.

Amounts are ``Decimal``, made from the text the exchange sent and never through a
float. Times are aware ``datetime`` objects in UTC, durations are seconds.
"""

from __future__ import annotations

import enum
import math
from datetime import datetime, timedelta, timezone
from decimal import Context, Decimal
from typing import Any, Callable, Iterable, TypeVar, Union

from msgspec import Struct

from assetstream.display.balances import BalanceRow, balance_page
from assetstream.display.html import as_html
from assetstream.display.words import digits, signed
from assetstream.model.errors import AssetStreamError
from assetstream.model.plain import plain_fields
from assetstream.model.public import make_public
from assetstream.model.states import State

__all__ = ["AssetUpdate", "Balance", "Gap", "Source", "StateChange"]

ZERO = Decimal(0)
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)

# Amounts may have 64 digits on either side of the point, and the default context keeps
# 28: sums are made in one that never rounds.
_exactly = Context(prec=200)


def exact_sum(amounts: Iterable[Decimal]) -> Decimal:
    """Add amounts up, whatever the default context's precision."""
    total = ZERO
    for amount in amounts:
        total = _exactly.add(total, amount)
    return total


Fields = TypeVar("Fields", bound="type[Struct]")


def _kept_in_milliseconds(field: str) -> Callable[[Fields], Fields]:
    """Let a field that is given milliseconds since 1970 be read as a datetime.

    To make a datetime takes longer than to make a whole event, and few look at it: the
    exchange's times are kept as the integers they came as.
    """

    def decorate(fields: Fields) -> Fields:
        kept = getattr(fields, field).__get__

        def read(self: object) -> Any:
            value = kept(self)
            if type(value) is int:
                return EPOCH + timedelta(milliseconds=value)
            return value

        read.__doc__ = "A datetime in UTC; described with the class."
        read.__annotations__["return"] = fields.__annotations__[field]
        setattr(fields, field, property(read))
        return fields

    return decorate


class Source(str, enum.Enum):
    """Tells how a balance became known.

    Attributes:
        SNAPSHOT: it was there when the stream began, or when the iteration did; or it
            was pushed before all balances had been read once, so what it changed is not
            known.
        STREAM: the exchange pushed it.
        RECOVERED: it changed while the connection was down and was found by re-reading.
        AUDIT: the exchange never pushed it; comparing with REST found it.
    """

    SNAPSHOT = "SNAPSHOT"
    STREAM = "STREAM"
    RECOVERED = "RECOVERED"
    AUDIT = "AUDIT"

    def __str__(self) -> str:
        return self.value


#: Answers (age, stale, verified), as ``Balance`` describes them.
Standing = Callable[["Balance"], tuple[float, bool, float]]


@_kept_in_milliseconds("changed_at")
class Balance(Struct, frozen=True, eq=False, gc=False):
    """One currency's balance as it stood when it was read.

    The amounts never change; ``age``, ``stale`` and ``verified`` are answered when they
    are asked for, and one that was since replaced by a newer one says that it is stale.

    Attributes:
        exchange: name of the exchange.
        account: label of the account.
        currency: the exchange's code, upper case (Upbit and CoinW ``currency``).
        available: amount free for orders (Upbit ``balance``, CoinW ``available``).
        locked: amount held by open orders or withdrawals (Upbit ``locked``, CoinW
            ``hold``, by REST ``onOrders``).
        changed_at: when it took this value: the exchange's time if it gave one (Upbit
            ``asset_timestamp``, CoinW ``time``), else our time of receipt. UTC.
        source: how it became known.
    """

    exchange: str
    account: str
    currency: str
    available: Decimal
    locked: Decimal
    changed_at: datetime
    source: Source
    # Answers for this object; None for one not held by a stream.
    _standing: Standing | None = None

    @property
    def total(self) -> Decimal:
        """``available`` plus ``locked``."""
        return _exactly.add(self.available, self.locked)

    @property
    def age(self) -> float:
        """Seconds since the last proof that this number is right.

        A proof is a frame or a pong while the stream is LIVE and the currency is not in
        doubt. Infinite for one that no stream stands behind: unpickled, hand-made, or
        kept longer than its stream.
        """
        return self._standing(self)[0] if self._standing else math.inf

    @property
    def stale(self) -> bool:
        """True if it may be out of date: not LIVE, in doubt, or replaced since."""
        return self._standing(self)[1] if self._standing else True

    @property
    def verified(self) -> float:
        """Seconds since a read by REST was asked for that agreed with the stream.

        That is with what the stream showed of this currency then, or the read set it.
        What was pushed since is newer than the read, and does not end it. Infinite if
        there was no such read, or no stream stands behind the balance.
        """
        return self._standing(self)[2] if self._standing else math.inf

    def to_dict(self) -> dict[str, object]:
        """Return its fields and how good it is in plain values, for ``json.dumps``.

        Amounts are text, times ISO 8601; an infinite age is None.
        """
        names = (*self.__struct_fields__, "total", "age", "stale", "verified")
        return plain_fields(self, names)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Balance):
            return NotImplemented
        return self._public() == other._public()

    def __hash__(self) -> int:
        return hash(self._public())

    def __reduce__(self) -> tuple[Any, ...]:
        return Balance, self._public()

    def __repr__(self) -> str:
        return (
            f"<Balance {self.account} {self.currency} "
            f"available={digits(self.available)} locked={digits(self.locked)}"
            f"{' stale' if self.stale else ''}>"
        )

    def _repr_html_(self) -> str:
        return as_html(balance_page(row_of(self)))

    def _public(self) -> tuple[Any, ...]:
        return (
            self.exchange,
            self.account,
            self.currency,
            self.available,
            self.locked,
            self.changed_at,
            self.source,
        )


def row_of(
    balance: Balance, stale: bool | None = None, change: Decimal = ZERO
) -> BalanceRow:
    """Describe a balance as the row of a table.

    Args:
        balance: what is shown.
        stale: whether its currency is; by default what the balance itself says, which
            is also stale once a newer one has replaced it.
        change: of its total when that changed last; zero if it is not known.
    """
    return BalanceRow(
        balance.exchange,
        balance.account,
        balance.currency,
        balance.available,
        balance.locked,
        balance.total,
        balance.age,
        balance.source.value,
        balance.stale if stale is None else stale,
        change,
        # Most have no change, and to make a datetime takes a while.
        balance.changed_at if change else None,
    )


@_kept_in_milliseconds("time")
class AssetUpdate(Struct, frozen=True, eq=False, gc=False):
    """One change of one currency's balance.

    Attributes:
        exchange: name of the exchange.
        account: label of the account.
        currency: the exchange's code, upper case (Upbit and CoinW ``currency``).
        available: amount free for orders, after the change (Upbit ``balance``, CoinW
            ``available``).
        locked: amount held by open orders or withdrawals, after the change (Upbit
            ``locked``, CoinW ``hold``, by REST ``onOrders``).
        time: the exchange's time of the change (Upbit ``asset_timestamp``, CoinW
            ``time``), or None if it gave none, as by REST. UTC.
        received: our time of receipt. UTC.
        source: how the change became known.
        update_id: the exchange's identifier of the change, or None: CoinW
            ``ledger_id``, Upbit ``asset_uuid``, whose scope Upbit does not state.
        previous: the balance before, or None if the currency was not known.
        folded: how many older undelivered updates of this currency it stands for,
            because callbacks were slower than the exchange.
        raw: the frame's bytes as received from Upbit or CoinW; the REST item's bytes if
            it came by REST; empty for what REST omits (zero), where an iterator
            begins, and in ``stream.history``.
    """

    exchange: str
    account: str
    currency: str
    available: Decimal
    locked: Decimal
    time: datetime | None
    received: datetime
    source: Source
    update_id: str | None = None
    previous: Balance | None = None
    folded: int = 0
    raw: bytes = b""

    @property
    def total(self) -> Decimal:
        """``available`` plus ``locked``."""
        return _exactly.add(self.available, self.locked)

    @property
    def change(self) -> Decimal:
        """``total`` less the previous total; an unknown one counts as zero.

        Zero for SNAPSHOT: nothing changed then.
        """
        if self.source is Source.SNAPSHOT:
            return ZERO
        before = self.previous.total if self.previous else ZERO
        # Without the zeros of a zero, which would be printed as 0E-16.
        return _exactly.subtract(self.total, before) or ZERO

    def to_dict(self) -> dict[str, object]:
        """Return its fields and total and change in plain values, for ``json.dumps``.

        Amounts are text, times ISO 8601, ``raw`` is text.
        """
        names = (*self.__struct_fields__, "total", "change")
        return plain_fields(self, names)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AssetUpdate):
            return NotImplemented
        return self._public() == other._public()

    def __hash__(self) -> int:
        return hash(self._public())

    def __repr__(self) -> str:
        return (
            f"<AssetUpdate {self.account} {self.currency} "
            f"available={digits(self.available)} locked={digits(self.locked)} "
            f"change={signed(self.change) or 0} {self.source.value}>"
        )

    def _public(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self.__struct_fields__)


class Gap(Struct, frozen=True):
    """A time in which changes could have been missed.

    Attributes:
        began: the last proof of life before it, not the moment it was noticed. UTC.
        ended: when the balances had been read again. UTC.
        recovered: how many currencies had changed meanwhile.
    """

    began: datetime
    ended: datetime
    recovered: int

    @property
    def duration(self) -> float:
        """Length of the gap in seconds."""
        return (self.ended - self.began).total_seconds()

    def to_dict(self) -> dict[str, object]:
        """Return its fields and its duration in plain values, for ``json.dumps``.

        Times are ISO 8601.
        """
        return plain_fields(self, (*self.__struct_fields__, "duration"))


class StateChange(Struct, frozen=True):
    """The stream went from one state to another.

    Attributes:
        exchange: name of the exchange.
        account: label of the account.
        previous: the state before.
        current: the state now.
        reason: why, in words.
        gap: for a change back to LIVE: the time that was missed and recovered.
        folded: how many older undelivered changes it stands for, because callbacks were
            slower than the exchange: ``previous`` is the state before all of them, and
            ``gap`` begins and ends as theirs did.
    """

    exchange: str
    account: str
    previous: State
    current: State
    reason: str
    gap: Gap | None = None
    folded: int = 0

    def to_dict(self) -> dict[str, object]:
        """Return its fields in plain values, for ``json.dumps``."""
        return plain_fields(self, self.__struct_fields__)

    def __repr__(self) -> str:
        return (
            f"<StateChange {self.account} {self.previous.value} -> "
            f"{self.current.value}: {self.reason}>"
        )


#: Everything that a stream publishes, and that a handler can be called with.
Event = Union[AssetUpdate, StateChange, AssetStreamError]


make_public(AssetUpdate, Balance, Gap, Source, StateChange)
