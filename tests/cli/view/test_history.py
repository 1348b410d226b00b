"""What an archive tells, in each form."""

from __future__ import annotations

import pytest

from assetstream import Gap, History, Source
from assetstream.cli.view.history import CsvForm, JsonForm, PlainForm, choose_form
from assetstream.model.balances import Balances
from tests.support.archives import later, update


def test_the_form_is_that_of_the_options() -> None:
    """For people, unless a program is to read it."""
    assert isinstance(choose_form(False, False), PlainForm)
    assert isinstance(choose_form(True, False), JsonForm)
    assert isinstance(choose_form(False, True), CsvForm)


def test_nothing_that_was_held_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """To people; a program sees no object, and a head without rows."""
    for form in (PlainForm(), JsonForm(), CsvForm()):
        form.balances("2026-01-01T00:00:00.000Z", Balances({}))

    assert capsys.readouterr().out.splitlines() == [
        "nothing was held at 2026-01-01T00:00:00.000Z",
        "exchange,account,currency,available,locked,total",
    ]


def test_a_gap_stands_before_what_came_after_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """And the last behind all updates."""
    updates = [
        update("A", "1", 1),
        update("A", "2", 4, source=Source.RECOVERED),
        update("A", "3", 5),
    ]
    gaps = [Gap(later(2), later(4), 1), Gap(later(6), later(7), 0)]
    PlainForm().updates(History(updates, gaps))

    lines = capsys.readouterr().out.splitlines()
    assert ["gap" in line for line in lines] == [False, True, False, False, True]
    assert lines[1] == (
        "2026-01-01T00:00:02.000Z  a gap until 2026-01-01T00:00:04.000Z, after which "
        "1 balance had changed"
    )


def test_a_gap_does_not_part_what_was_found_at_its_end(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Balances come by several frames, and the last of them ends the gap."""
    updates = [
        update("A", "1", 2),
        update("A", "2", 3.5, source=Source.RECOVERED),
        update("B", "3", 4, source=Source.RECOVERED),
    ]
    # One in which updates were folded, and which ended later, began before it.
    gaps = [Gap(later(2), later(4), 2), Gap(later(1), later(5), 1)]
    PlainForm().updates(History(updates, gaps))

    lines = capsys.readouterr().out.splitlines()
    assert [line[17:19] for line in lines] == ["01", "02", "02", "03", "04"]
    assert ["gap" in line for line in lines] == [True, False, True, False, False]
