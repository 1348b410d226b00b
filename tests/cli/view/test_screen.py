"""Everything that a terminal shows, in windows of every size."""

from __future__ import annotations

from datetime import datetime, timezone
from decimal import Decimal
from typing import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assetstream import Health, Progress, State
from assetstream.cli.view.choice import Choice
from assetstream.cli.view.screen import Layout, Picture, compose
from assetstream.display.balances import BalanceRow
from assetstream.display.page import Line
from assetstream.display.terminal import Strip, wide
from assetstream.display.words import digits
from assetstream.streams.accounts import AccountSnapshot

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
REASON = "Upbit closed the connection with 1011: an internal error; it is tried again"
EVERYTHING = Choice()
EVENT = Line(
    "03:00:00 UTC LIVE again after a gap of 12 s; changed meanwhile: BTC +0.12345678",
    "dim",
)


def account(
    label: str,
    state: State = State.LIVE,
    amounts: Sequence[str] = ("1.5", "2"),
    reason: str = "balances read and merged",
    in_doubt: tuple[str, ...] = (),
) -> AccountSnapshot:
    """Make an account with a balance of each amount."""
    rows = []
    for number, text in enumerate(amounts):
        amount, locked = Decimal(text), Decimal("0.25")
        names = "upbit", label, f"C{number:02}"
        rows.append(
            BalanceRow(
                *(*names, amount, locked, amount + locked),
                *(3.0, "STREAM", state is not State.LIVE),
            )
        )
    health = Health(state=state, reason=reason, in_doubt=in_doubt, at=NOW)
    return AccountSnapshot("upbit", label, health, rows, bool(rows))


def picture(
    *accounts: AccountSnapshot, events: Sequence[Line] = (), **fields: bool
) -> Picture:
    """Show accounts that have all settled."""
    count = len(accounts)
    return Picture(accounts, events, Progress(count, 0, count, count), **fields)


def lines_of(strips: Sequence[Strip]) -> list[str]:
    """Return the letters of a window's lines."""
    return ["".join(span.text for span in strip).rstrip() for strip in strips]


def screen(
    shown: Picture, width: int = 80, height: int = 24, choice: Choice = EVERYTHING
) -> list[str]:
    """Return the lines of a window."""
    return lines_of(compose(shown, choice, (width, height)).strips)


def pages(shown: Picture, width: int, height: int) -> list[str]:
    """Return the lines of a window, and of all that come when it scrolls."""
    found: list[str] = []
    composed: Layout | None = None
    top = 0
    while True:
        choice = Choice(top=top)
        before = composed.columns if composed else None
        composed = compose(shown, choice, (width, height), before)
        assert len(composed.strips) <= height
        found += lines_of(composed.strips)
        if composed.choice.top < top:
            return found
        top = composed.choice.top + composed.page


AMOUNTS = st.lists(
    st.builds(
        lambda number, places: digits(
            Decimal((0, tuple(map(int, str(number))), -places))
        ),
        st.integers(0, 10**20),
        st.integers(0, 18),
    ),
    max_size=4,
)
ACCOUNTS = st.lists(
    st.tuples(st.sampled_from([State.LIVE, State.STALE, State.FAILED]), AMOUNTS),
    min_size=1,
    max_size=4,
)


@settings(max_examples=25, deadline=None)
@given(
    drawn=ACCOUNTS,
    width=st.integers(20, 200),
    height=st.integers(12, 40),
    events=st.integers(0, 3),
)
def test_all_of_it_can_be_scrolled_to_in_any_window(
    drawn: list[tuple[State, list[str]]], width: int, height: int, events: int
) -> None:
    """No amount, reason or event is cropped; the states and names are always there."""
    accounts = [
        account(f"a{number}", state, amounts, REASON)
        for number, (state, amounts) in enumerate(drawn)
    ]
    shown = picture(*accounts, events=[EVENT] * events)
    first = screen(shown, width, height)
    assert max(map(wide, first)) <= width
    assert len(first) == height
    every = pages(shown, width, height)
    # One that is longer than a line may be on two pages.
    letters = "".join("".join(screen(shown, width, 999)).split())

    for each in accounts:
        for row in each.rows:
            for amount in (row.available, row.locked):
                text = digits(amount)
                whole = any(text in line.split() for line in every)
                assert whole or (len(text) > width and text in letters)
    held = any(each.rows for each in accounts)
    assert any(line.startswith("Currency") for line in first) == held
    for word in EVENT.text.split() if events else []:
        assert word in letters
    if any(each.health.state is not State.LIVE for each in accounts):
        assert all(word in letters for word in REASON.split())


def test_one_account_has_its_state_on_top_and_its_events_below() -> None:
    """There is nothing to scroll, so the footer has one key."""
    lines = screen(picture(account("main"), events=[EVENT]), 100, 12)

    assert lines == [
        "LIVE as of 03:04:05 UTC  main on upbit: balances read and merged",
        "Currency   Available  Locked   Total  Last change          Age  Source",
        "─" * 73,
        "C00             1.5    0.25    1.75                        3 s  STREAM",
        "C01             2      0.25    2.25                        3 s  STREAM",
        "",
        EVENT.text,
        *[""] * 4,
        "q quit",
    ]


def test_many_accounts_have_totals_and_trouble_on_top() -> None:
    """A reason that several have in common stands once."""
    shown = picture(
        account("a", amounts=["1"]),
        account("b", State.STALE, ["2"], "lost"),
        account("c", State.STALE, [], "lost"),
        account("d", amounts=["4"], in_doubt=("C00",)),
    )
    lines = screen(shown, 100, 30)

    assert lines[0] == "2 LIVE  2 STALE  of 4 accounts as of 03:04:05 UTC"
    assert lines[3] == "3 of 4 accounts together"
    assert lines[4].split() == [
        "C00",
        "1",
        "stale",
        "7",
        "0.75",
        "7.75",
        "3",
        "accounts",
    ]
    assert [line for line in lines[5:] if "upbit" in line] == [
        "STALE  b on upbit: lost",
        "STALE  c on upbit: for the same reason",
        "LIVE  d on upbit: in doubt: C00",
        "LIVE  a on upbit",
    ]
    assert lines[-1] == "q quit  / filter  s sort: trouble  t totals: on"


def test_what_is_chosen_is_added_up() -> None:
    """Totals are those of the accounts that are shown, or are not shown."""
    shown = picture(*(account(f"a{n}", amounts=["1", "2"]) for n in range(12)))
    lines = screen(shown, choice=Choice(words="a1 c01"))

    assert "2 of 12 accounts together" not in lines, "a10 and a11, but a1, too"
    assert lines[3] == "3 of 12 accounts together"
    assert lines[4].split()[:2] == ["C01", "6"]
    assert not any("C00" in line for line in lines)
    assert "filter: a1 c01" in lines[-1]
    without = screen(shown, choice=Choice(sums=False))
    assert without[3] == "LIVE  a0 on upbit"
    assert "t totals: off" in without[-1] or "t totals: off" in without[-2]
    nothing = screen(shown, choice=Choice(words="xrp"))
    assert nothing[3] == "nothing has 'xrp': Esc shows all"


def test_the_footer_shows_what_is_typed_and_where_one_is() -> None:
    """The last page is full."""
    shown = picture(*(account(f"a{n}") for n in range(100)))
    typing = screen(shown, choice=Choice(words="bt", typing=True))
    assert typing[-1] == "filter: bt_  Enter keeps it  Esc clears it"
    composed = compose(shown, Choice(top=10**9), (80, 24))
    lines = lines_of(composed.strips)

    there_are = 3 + 100 * 4
    assert composed.choice.top == there_are - composed.page
    assert f"{there_are - composed.page + 1}-{there_are} of {there_are}" in lines[-1]
    assert lines[-2].startswith("C01")


def test_without_a_keyboard_it_has_no_keys() -> None:
    """The way to end it is Ctrl-C."""
    shown = picture(*(account(f"a{n}") for n in range(9)), keys=False)

    assert screen(shown)[-1] == "Ctrl-C quits   1-20 of 39"


def test_columns_stay_when_it_scrolls() -> None:
    """The longest amount of all accounts has room from the start."""
    long = "123456789012.123456789012"
    accounts = [account(f"a{n}") for n in range(50)] + [account("long", amounts=[long])]
    first = compose(picture(*accounts), Choice(), (60, 24))
    last = compose(picture(*accounts), Choice(top=999), (60, 24), first.columns)

    assert long in "".join(lines_of(last.strips))
    assert last.columns == first.columns


def test_an_amount_that_outgrows_its_room_costs_a_column_and_no_digit() -> None:
    """Widths are chosen anew when what is seen has no room in them."""
    before = compose(picture(account("main")), Choice(), (60, 24))
    long = "123456789012.123456789012"
    after = compose(
        picture(account("main", amounts=[long])), Choice(), (60, 24), before.columns
    )

    assert before.columns is not None
    assert after.columns is not None
    assert set(after.columns.names) < set(before.columns.names)
    assert long in "".join(lines_of(after.strips))


def test_progress_is_counted_until_all_have_settled() -> None:
    """A window without room for the bar has the count alone."""
    accounts = [account(name, State.CONNECTING, []) for name in "abcd"]
    shown = Picture(accounts, [], Progress(1, 1, 4, 2))

    assert screen(shown)[1] == f"connecting 2 of 4, 1 ended  {'━' * 40}"
    assert screen(shown, 40)[2] == "connecting 2 of 4, 1 ended"
    done = shown._replace(progress=Progress(4, 0, 4, 4))
    assert screen(done)[1].startswith("CONNECTING  a")


def test_a_low_window_keeps_the_last_event_and_scrolls_to_the_others() -> None:
    """Events before the last stand behind the last account."""
    events = [EVENT._replace(text=f"event {n} " * 12) for n in range(3)]
    shown = picture(account("main", amounts=["1"] * 12), events=events)
    lines = screen(shown, 80, 13)

    assert ["event 2" in line for line in lines[-4:]] == [False, True, True, False]
    assert not any("event 1" in line for line in lines)
    last = screen(shown, 80, 13, Choice(top=99))
    assert sum("event 0" in line for line in last) == 2
    assert sum("event 1" in line for line in last) == 2


def test_a_reason_that_takes_all_the_window_scrolls() -> None:
    """Rows are below it all the same."""
    shown = picture(account("main", State.STALE, ["1.5"], REASON * 9))
    lines = screen(shown, 36, 12)

    assert lines[0] == "STALE as of 03:04:05 UTC  main on"
    assert sum(line.startswith("Currency") for line in lines) == 1
    assert any("1.5" in line for line in screen(shown, 36, 12, Choice(top=99)))


@pytest.mark.parametrize("count", [1, 30])
def test_the_last_picture_has_its_time_and_no_keys(count: int) -> None:
    """It is as high as what it shows, and counts what it does not."""
    accounts = [account(f"a{n}", State.STOPPED, reason="stopped") for n in range(count)]
    lines = screen(picture(*accounts, ended=True))

    assert lines[0].startswith(
        "STOPPED as of 03:04:05 UTC"
        if count == 1
        else "30 STOPPED  of 30 accounts as of 03:04:05 UTC"
    )
    assert not any("quit" in line for line in lines)
    if count == 1:
        assert len(lines) == 5
    else:
        assert lines[-1].endswith(" more lines were not shown")


def test_a_window_without_accounts_says_so() -> None:
    """They may come later; until then errors are what there is to see."""
    error = Line("03:00:00 UTC ConnectionLost: the engine is gone", "dim")

    lines = screen(picture(events=[error], keys=True))

    assert lines[0] == "no accounts"
    assert any("the engine is gone" in line for line in lines)
    assert screen(picture(ended=True, keys=True)) == ["no accounts"]
