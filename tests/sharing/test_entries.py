"""What is written into the engine, and read."""

from __future__ import annotations

from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetstream.exchanges.common.values import MAX_DIGITS
from assetstream.model.errors import (
    AssetStreamError,
    AuthenticationError,
    CallbackError,
    ConnectionLost,
    ProtocolError,
)
from assetstream.model.events import AssetUpdate, Balance, Source
from assetstream.model.states import State
from assetstream.sharing.entries import (
    BookEntry,
    ErrorEntry,
    ErrorFacts,
    OwnerEntry,
    Pulse,
    ResetEntry,
    StateEntry,
    UpdateEntry,
    amounts_of,
    book_entry,
    error_of,
    facts_of,
    moment,
    packed,
    read_account,
    read_log,
    read_pulse,
    update_entry,
)
from tests.support.strategies import texts

WHEN = datetime(2026, 11, 30, 12, 0, 0, 123456, tzinfo=timezone.utc)
DIGITS = "1012.345678901234567890123"
HEAD = {
    b"version": b"1",
    b"exchange": b"upbit",
    b"owner": b"host-1",
    b"token": b"17",
    b"seq": b"57",
    b"state": b"LIVE",
    b"reason": b"all is well",
}
FACTS = ErrorFacts("AuthenticationError", "no", details={"code": "x"})


def update(**changes: Any) -> AssetUpdate:
    """Return an update of SGD, changed as said."""
    fields: dict[str, Any] = {
        "exchange": "upbit",
        "account": "alice",
        "currency": "SGD",
        "available": Decimal(DIGITS),
        "locked": Decimal("0E-18"),
        "time": WHEN,
        "received": WHEN,
        "source": Source.STREAM,
        "update_id": "8f2c",
        "raw": b"secret frame",
    }
    return AssetUpdate(**{**fields, **changes})


@pytest.mark.parametrize(
    "entry",
    [
        update_entry(update(), 7),
        update_entry(update(time=None, update_id=None), 0),
        StateEntry(State.STALE, "nothing heard", FACTS),
        ResetEntry({"SGD": BookEntry("1", "0", 5, Source.AUDIT)}, State.LIVE, "anew"),
        OwnerEntry("host-1"),
        OwnerEntry(""),
        ErrorEntry(FACTS),
    ],
)
def test_an_entry_is_read_as_it_was_written(entry: Any) -> None:
    """With its place and its number."""
    (item,) = read_log("alice", [(b"5-0", {b"s": b"58", b"d": packed(entry)})])

    assert item == ("5-0", 58, entry)


def test_amounts_keep_their_digits_and_times_their_microseconds() -> None:
    """Nothing passes through a float; the exchange's times are milliseconds."""
    entry = update_entry(update(), 0)

    assert amounts_of("alice", "SGD", entry) == (Decimal(DIGITS), Decimal(0))
    assert entry.available == DIGITS
    assert moment(entry.received) == WHEN
    assert entry.time is not None
    assert moment(entry.time * 1000) == WHEN.replace(microsecond=123000)


def test_a_balance_and_its_update_make_the_same_entry() -> None:
    """Whichever of the two the owner has at hand."""
    balance = Balance(
        "upbit", "alice", "SGD", Decimal(DIGITS), Decimal(0), WHEN, Source.STREAM
    )
    made = book_entry(balance)

    assert made == BookEntry(DIGITS, "0", made.changed, Source.STREAM)
    assert book_entry(update(locked=Decimal(0))) == made
    assert book_entry(update(locked=Decimal(0), time=None)) == made


def test_p4_nothing_of_a_frame_is_written() -> None:
    """Its bytes are the owner's alone, and so is what handlers did."""
    assert b"secret" not in packed(update_entry(update(), 0))
    error = ProtocolError("odd", frame=b"secret frame", currency="SGD")
    assert b"secret" not in packed(facts_of(error))
    assert facts_of(CallbackError("secret", callback=print)) is None
    assert facts_of(None) is None


@pytest.mark.parametrize(
    "error",
    [
        AuthenticationError("refused", code="invalid_key", message="no", fatal=True),
        ConnectionLost("lost", code=1006, reason="", remedy="Look.", hints=("a", "b")),
        ProtocolError("odd", currency="SGD", frame=b"x"),
        AssetStreamError("something", retry_after=7.5),
    ],
)
def test_an_error_is_of_its_class_again(error: AssetStreamError) -> None:
    """With its facts; but never fatal to a reader, and without what it must not see."""
    facts = facts_of(error)
    assert facts is not None
    again = error_of(facts, "upbit", "alice")

    lost = {"frame", "fatal", "text"}
    about = {"exchange": "upbit", "account": "alice"}
    told = {k: v for k, v in again.to_dict().items() if k not in lost}
    assert told == {
        **{k: v for k, v in error.to_dict().items() if k not in lost},
        **about,
    }
    assert again.fatal is False


def test_an_error_of_another_release_is_an_error_all_the_same() -> None:
    """A class and facts that this release has not are no reason to fail."""
    facts = ErrorFacts("NewError", "new", details={"code": "7", "novel": 1})

    error = error_of(facts, None, "alice")

    assert type(error) is AssetStreamError
    assert error.problem == "new"


@pytest.mark.parametrize(
    "amount", ["NaN", "--1", "", " 1", "1_000", "Infinity", "0." + "1" * MAX_DIGITS * 2]
)
@pytest.mark.parametrize("which", ["available", "locked"])
def test_k5_an_amount_that_is_none_is_refused(amount: str, which: str) -> None:
    """By the rules that the exchanges' own numbers are read by."""
    values = {"available": "1", "locked": "0", which: amount}
    entry = BookEntry(changed=0, source=Source.STREAM, **values)

    with pytest.raises(ProtocolError, match="SGD") as caught:
        amounts_of("alice", "SGD", entry)
    assert caught.value.account == "alice"


def test_k5_a_debt_is_below_zero() -> None:
    """Its owner has asked its exchange whether there are any."""
    entry = BookEntry("-1.50", "0", 0, Source.STREAM)

    assert amounts_of("alice", "SGD", entry) == (Decimal("-1.50"), Decimal(0))


def test_k5_a_currency_that_is_none_is_refused() -> None:
    """A code is short, printable and without spaces."""
    with pytest.raises(ProtocolError, match="currency's code"):
        amounts_of("alice", "S D", BookEntry("1", "0", 0, Source.STREAM))


def test_an_account_is_read_with_its_book() -> None:
    """Head, book and the place where the log goes on."""
    entry = BookEntry(DIGITS, "0", 5, Source.STREAM)

    found = read_account("alice", HEAD, {b"SGD": packed(entry)}, b"5-0")

    assert found is not None
    assert found.book == {"SGD": entry}
    assert found.last_id == "5-0"
    head = found.head
    assert (head.owner, head.token, head.seq) == ("host-1", 17, 57)
    assert (head.state, head.error) == (State.LIVE, None)


def test_an_account_s_error_is_read() -> None:
    """Of one that comes late a reader is told as well."""
    found = read_account("alice", {**HEAD, b"error": packed(FACTS)}, {}, b"0-0")

    assert found is not None
    assert found.head.error == FACTS


def test_an_account_that_is_not_there_is_none() -> None:
    """Nobody has written it, or the engine has lost it."""
    assert read_account("alice", {}, {}, b"0-0") is None


def test_another_version_is_refused_clearly() -> None:
    """Whatever else it has written."""
    head = {b"version": b"2", b"novel": b"x"}

    with pytest.raises(ProtocolError, match=r"version 2 .* reads version 1"):
        read_account("alice", head, {b"SGD": b"?"}, b"0-0")


@pytest.mark.parametrize(
    ("head", "book"),
    [
        ({}, {b"SGD": b"[]"}),
        ({b"seq": b"-1"}, {}),
        ({b"token": b"x"}, {}),
        ({b"state": b"GOOD"}, {}),
        ({b"version": b"x"}, {}),
        ({b"reason": b"\xff"}, {}),
        ({b"error": b"[1]"}, {}),
        ({}, {b"\xff": b'["1","0",0,"STREAM"]'}),
    ],
)
def test_an_account_that_cannot_be_read_is_an_error(
    head: dict[bytes, bytes], book: dict[bytes, bytes]
) -> None:
    """It names the account, and what to look at."""
    with pytest.raises(ProtocolError, match="cannot be read") as caught:
        read_account("alice", {**HEAD, **head}, book, b"0-0")
    assert caught.value.account == "alice"


@pytest.mark.parametrize("field", HEAD)
def test_a_head_that_lacks_a_field_is_an_error(field: bytes) -> None:
    """Only the reason may be missing."""
    head = {name: value for name, value in HEAD.items() if name != field}
    if field == b"reason":
        assert read_account("alice", head, {}, b"0-0") is not None
        return

    with pytest.raises(ProtocolError):
        read_account("alice", head, {}, b"0-0")


@given(st.one_of(st.binary(max_size=20), texts.map(str.encode)))
def test_bytes_that_are_nothing_are_an_error(data: bytes) -> None:
    """Never anything else, whatever somebody writes there."""
    with pytest.raises(ProtocolError):
        read_pulse(data)
    with pytest.raises(ProtocolError):
        read_log("alice", [(b"1-0", {b"s": b"1", b"d": data})])
    with pytest.raises(ProtocolError):
        read_log("alice", [(b"1-0", {b"d": packed(OwnerEntry(""))})])


def test_a_pulse_is_read_as_it_was_written() -> None:
    """Exceptions and doubts included."""
    pulse = Pulse(7, 123.456789, 0.5, {"bob": 0.0}, {"alice": ("BTC", "")})

    assert read_pulse(packed(pulse)) == pulse


@pytest.mark.parametrize(
    "data", [b"[0,1]", b"[1,-1]", b"[1,null]", b'[1,1,0,{"a":-1}]']
)
def test_a_pulse_that_says_nonsense_is_none(data: bytes) -> None:
    """Numbers begin with 1, and no time is negative, or no number."""
    with pytest.raises(ProtocolError, match="a pulse"):
        read_pulse(data)


def test_an_update_of_another_kind_of_value_is_an_error() -> None:
    """Amounts are text: a number would have lost its digits."""
    data = b'["u","SGD",1.5,"0",null,0,"STREAM"]'

    with pytest.raises(ProtocolError):
        read_log("alice", [(b"1-0", {b"s": b"1", b"d": data})])


def test_fields_that_a_later_release_adds_are_let_pass() -> None:
    """As long as the version is the same."""
    data = b'["u","SGD","1.5","0",null,0,"STREAM",null,0,"novel"]'

    (item,) = read_log("alice", [(b"1-0", {b"s": b"1", b"d": data})])

    assert item.entry == UpdateEntry("SGD", "1.5", "0", None, 0, Source.STREAM)
