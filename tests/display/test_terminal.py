"""Pages in windows of every width, in which no amount is ever cropped."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from assetstream.display.balances import LIVE_COLUMNS, BalanceRow, balances_grid
from assetstream.display.page import LIGHTS, Cell, Grid, Line
from assetstream.display.terminal import (
    Columns,
    Form,
    Span,
    Strip,
    fit,
    head,
    holds,
    laid,
    packed,
    wide,
    wrapped,
)

WIDTHS = st.integers(20, 200)
AMOUNTS = st.builds(
    lambda number, places: Decimal((0, tuple(map(int, str(number))), -places)),
    st.integers(0, 10**24),
    st.integers(0, 18),
)
LEAST = {"Currency": 10, "Age": 11, "Source": 9}


def row(
    currency: str,
    available: Decimal = Decimal(1),
    locked: Decimal = Decimal(0),
    *,
    stale: bool = False,
) -> BalanceRow:
    """Make a balance."""
    return BalanceRow(
        *("upbit", "main", currency, available, locked, available + locked),
        *(3.0, "STREAM", stale, available),
    )


ROWS = st.builds(
    row,
    st.sampled_from(["BTC", "ETH", "1INCH", "SHIB1000"]),
    AMOUNTS,
    AMOUNTS,
    stale=st.booleans(),
)
GRIDS = st.lists(
    st.builds(
        lambda rows: balances_grid(rows, LIVE_COLUMNS),
        st.lists(ROWS, min_size=1, max_size=5),
    ),
    min_size=1,
    max_size=3,
)


def text_of(strip: Strip) -> str:
    """Return the letters of a line."""
    return "".join(span.text for span in strip)


def shown(columns: Columns, *grids: Grid) -> list[str]:
    """Return the lines of tables, each checked to have room in the window."""
    strips = [
        *head(columns),
        *(strip for grid in grids for strip in laid(columns, grid)),
    ]
    lines = [text_of(strip) for strip in strips]
    assert max(map(wide, lines)) <= columns.window
    return lines


@settings(max_examples=25, deadline=None)
@given(grids=GRIDS, window=WIDTHS)
def test_no_amount_is_cropped_and_the_names_are_there(
    grids: list[Grid], window: int
) -> None:
    """Every available and locked amount is complete, whatever the width."""
    columns = fit(grids, window, least=LEAST)
    lines = shown(columns, *grids)
    letters = "".join("".join(lines).split())
    for grid in grids:
        for cells in grid.rows:
            found = dict(zip(grid.names, cells, strict=True))
            for name in ("Available", "Locked"):
                amount = found[name].text
                if columns.form is Form.STACKED and wide(amount) > window:
                    # It goes on in the next line, with every digit.
                    assert amount in letters
                else:
                    assert any(amount in line.split() for line in lines)
    assert lines[0].startswith("Currency")
    title = " ".join(lines[:2]).lower()
    assert "amount" in title or ("available" in title and "locked" in title)


@settings(max_examples=25, deadline=None)
@given(grids=GRIDS, window=WIDTHS, data=st.data())
def test_columns_stay_when_a_number_grows_by_a_digit(
    grids: list[Grid], window: int, data: st.DataObject
) -> None:
    """Room is kept for it; columns do not even move."""
    columns = fit(grids, window, least=LEAST)
    at = data.draw(st.integers(0, len(grids) - 1))
    which = data.draw(st.integers(0, len(grids[at].rows) - 1))
    column = data.draw(st.sampled_from(["Available", "Locked", "Total", "Last change"]))
    number = LIVE_COLUMNS.index(column)
    rows = [list(cells) for cells in grids[at].rows]
    text = rows[which][number].text
    longer = [f"{text}7" if "." in text else f"{text}.7", f"7{text}"]
    rows[which][number] = Cell(data.draw(st.sampled_from(longer)))
    grown = [*grids]
    grown[at] = grids[at]._replace(rows=rows)

    assert fit(grown, window, columns, LEAST) == columns
    assert shown(columns, *grown)[0] == shown(columns, *grids)[0]


@settings(max_examples=25, deadline=None)
@given(tables=st.lists(GRIDS, min_size=2, max_size=6), window=WIDTHS)
def test_what_was_given_up_comes_back_with_another_width_alone(
    tables: list[list[Grid]], window: int
) -> None:
    """Whatever amounts come, a column that went stays away."""
    before: Columns | None = None
    for grids in tables:
        columns = fit(grids, window, before, LEAST)
        assert all(holds(columns, grid) for grid in grids)
        if before is not None:
            assert set(columns.names) <= set(before.names)
            assert columns.form >= before.form
        before = columns
    assert fit(tables[0], window + 1, before, LEAST) == fit(
        tables[0], window + 1, None, LEAST
    )


def test_each_form_gives_way_to_a_narrower_one() -> None:
    """Points are given up first, then columns; then an amount has a line."""
    long = Decimal("0.123456789012345678")
    rows = [row("BTC", long, long), row("ETH", Decimal("1234567.5"))]
    grid = balances_grid(rows, LIVE_COLUMNS)
    forms: dict[tuple[Form, int], list[str]] = {}
    for window in range(160, 20, -1):
        columns = fit([grid], window)
        forms.setdefault((columns.form, len(columns.names)), shown(columns, grid))
    kinds = list(forms)

    assert kinds[:2] == [(Form.ALIGNED, 7), (Form.UNALIGNED, 7)]
    assert kinds[-3:] == [(Form.UNALIGNED, 3), (Form.LINES, 3), (Form.STACKED, 3)]
    assert forms[Form.UNALIGNED, 3] == [
        "Currency              Available                 Locked",
        "─" * 54,
        "BTC        0.123456789012345678   0.123456789012345678",
        "ETH                   1234567.5                      0",
    ]
    assert forms[Form.LINES, 3] == [
        "Currency                            Amount",
        "─" * 42,
        "BTC       available   0.123456789012345678",
        "          locked      0.123456789012345678",
        "ETH       available              1234567.5",
        "          locked                         0",
    ]
    assert forms[Form.STACKED, 3] == [
        "Currency, available, locked",
        "─" * 41,
        *("BTC", "available 0.123456789012345678", "locked 0.123456789012345678"),
        *("ETH", "available 1234567.5", "locked 0"),
    ]


def test_points_stand_below_each_other_where_there_is_room() -> None:
    """A cell without a number takes its room, too."""
    grid = Grid(
        ["Total", "Source"], [[Cell(text), Cell("x")] for text in ("1.25", "", "1000")]
    )
    lines = shown(fit([grid], 40), grid)

    assert [line.find(".") for line in lines[2:]] == [5, -1, -1]
    assert lines[4].startswith(" 1000  ")


def test_a_row_that_outgrows_its_room_costs_the_least_column() -> None:
    """As long as all columns have room, they stay though nothing is kept for more."""
    names = ("Currency", "Total", "Age")
    grid = Grid(names, [[Cell("BTC"), Cell("1"), Cell("3 s")]], ("Age", "Total"))
    first = fit([grid], 24)
    assert first.names == names

    def with_total(digits: int) -> Grid:
        return grid._replace(rows=[[Cell("BTC"), Cell("1" * digits), Cell("3 s")]])

    tight = fit([with_total(6)], 24, first)
    assert (tight.names, tight.form) == (names, first.form)
    fewer = fit([with_total(11)], 24, tight)
    assert fewer.names == ("Currency", "Total")
    # A narrow one stays where a wide one has made room.
    assert fit([with_total(40)], 24).names == ("Currency", "Age")


def test_tables_without_rows_have_their_names() -> None:
    """Nothing is held yet."""
    grid = balances_grid([], LIVE_COLUMNS)

    assert shown(fit([grid], 100), grid)[0].split()[0] == "Currency"
    assert len(shown(fit([grid], 20), grid)) <= 4


@settings(max_examples=25, deadline=None)
@given(
    text=st.text(st.sampled_from("ab1.\u00e9\u0301점 \n\x1b\u200b"), max_size=80),
    name=st.text(st.sampled_from("ab 점"), max_size=20),
    window=WIDTHS,
)
def test_lines_wrap_whole(text: str, name: str, window: int) -> None:
    """No letter is lost, no line too long, and none moves the cursor."""
    line = Line(text, "bad", name, [("FAILED", "FAILED")])
    strips = wrapped(line, window)
    lines = list(map(text_of, strips))
    wanted = "".join(f"FAILED{name}{text}".split())

    assert all(wide(each) <= window and each.isprintable() for each in lines)
    assert len("".join("".join(lines).split())) == len(wanted)


def test_a_line_breaks_between_words_and_goes_on_indented() -> None:
    """A word that is longer than a line is broken, as an address may be."""
    line = Line(
        "gone, see https://example.com/" + "a" * 40,
        "bad",
        "main:",
        [("STALE", "STALE")],
    )
    first, *others = wrapped(line, 36)

    assert text_of(first) == "STALE  main: gone, see"
    assert first[1:4] == [
        Span("STALE", LIGHTS["STALE"][1], True),
        Span("  "),
        Span("main:", "bad", True),
    ]
    assert list(map(text_of, others)) == [
        "  https://example.com/aaaaaaaaaaaaaa",
        "  aaaaaaaaaaaaaaaaaaaaaaaaaa",
    ]
    assert text_of(wrapped(line, 24)[1]) == "https://example.com/aaaa"
    assert wrapped(Line(""), 36) == []


def test_korean_letters_take_two_columns_and_accents_none() -> None:
    """The width is that of a terminal."""
    assert [wide(text) for text in ("abc", "점검", "e\u0301")] == [3, 4, 1]
    lines = list(map(text_of, wrapped(Line("점검 중입니다"), 12)))
    assert lines == ["점검", "중입니다"]


def test_short_parts_are_packed_into_few_lines() -> None:
    """Those that have no room are left out."""
    parts = [Span(text) for text in ("q quit", "1-5 of 9", "/ filter", "t totals")]

    assert [list(map(text_of, packed(parts, width, 2))) for width in (80, 16, 7)] == [
        ["q quit  1-5 of 9  / filter  t totals"],
        ["q quit  1-5 of 9", "/ filter"],
        ["q quit"],
    ]
