"""Lines of events, for people and for programs."""

from __future__ import annotations

import io
import json
from datetime import datetime, timedelta, timezone
from decimal import Decimal

from msgspec.structs import replace

from assetstream import AssetUpdate, ConnectionLost, Gap, Source, State, StateChange
from assetstream.cli.view.lines import JsonLines, PlainLines
from assetstream.model.health import Progress

BEGAN = datetime(2026, 1, 2, tzinfo=timezone.utc)
UPDATE = AssetUpdate(
    exchange="upbit",
    account="main",
    currency="BTC",
    available=Decimal("1.50000000"),
    locked=Decimal("0E-8"),
    time=None,
    received=BEGAN,
    source=Source.STREAM,
)
AGAIN = StateChange(
    *("upbit", "main", State.STALE, State.LIVE, "read"),
    Gap(BEGAN, BEGAN + timedelta(seconds=61.5), 1),
)


def test_people_read_zeros_and_signs_as_in_every_table() -> None:
    """Zero is 0, and a duration has two units at most."""
    out = io.StringIO()
    lines = PlainLines(out)
    for event in (UPDATE, AGAIN, ConnectionLost("gone", account="main")):
        lines.show(event)
    update, state, error = out.getvalue().splitlines()

    assert update == (
        "2026-01-02T00:00:00.000Z  main  BTC  available 1.50000000  locked 0  "
        "total 1.50000000  change +1.5  STREAM"
    )
    assert state.endswith(
        "main  STALE -> LIVE  read; 1 min 1 s were missed and read again, "
        "1 balance had changed"
    )
    assert error.endswith("  main  ConnectionLost: gone")


def test_a_remedy_is_written_once_until_the_account_is_live_again() -> None:
    """Each attempt through a dead proxy ends alike; other accounts have their own."""
    out = io.StringIO()
    lines = PlainLines(out)
    lost, other = (
        ConnectionLost("no proxy", remedy="Start it.", account=name, fatal=True)
        for name in ("main", "savings")
    )
    for event in (lost, lost, other, lost, AGAIN, lost):
        lines.show(event)
    assert [
        line.partition("ConnectionLost: ")[2] for line in out.getvalue().splitlines()
    ] == [
        *("no proxy. Start it.", "no proxy, again", "no proxy. Start it."),
        *("no proxy, again", "", "no proxy. Start it."),
    ]


def test_programs_read_every_digit() -> None:
    """Trailing zeros of the exchange are kept."""
    out = io.StringIO()
    JsonLines(out).show(UPDATE)
    fields = json.loads(out.getvalue())

    assert (fields["available"], fields["locked"]) == ("1.50000000", "0.00000000")


def test_what_an_event_stands_for_is_said() -> None:
    """A slow terminal receives one of several changes, and one of errors alike."""
    change = replace(AGAIN, gap=None, folded=2)
    error = ConnectionLost("gone", account="main", repeated=3)
    plain, programs = io.StringIO(), io.StringIO()
    for event in (change, error):
        PlainLines(plain).show(event)
        JsonLines(programs).show(event)
    one, other = plain.getvalue().splitlines()
    assert one.endswith("STALE -> LIVE  read (the last of 3 changes)")
    assert other.endswith("ConnectionLost: gone (3 more like it)")
    one, other = programs.getvalue().splitlines()
    assert json.loads(one)["folded"] == 2
    assert json.loads(other)["repeated"] == 3


def test_the_last_account_to_settle_makes_one_line() -> None:
    """The line is for people; programs get no object."""
    plain, objects = io.StringIO(), io.StringIO()
    for view in (PlainLines(plain), JsonLines(objects)):
        for progress in (Progress(1, 0, 2, 1), Progress(1, 1, 2, 2)):
            view.show(progress)
            view.show(progress)
    (line,) = plain.getvalue().splitlines()

    assert line.endswith("Z  1 of 2 LIVE, 1 ended")
    assert objects.getvalue() == ""
