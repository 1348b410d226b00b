"""The last updates and gaps of a stream, as a table and as a chart."""

from __future__ import annotations

import itertools
import pickle
import subprocess
import sys
import threading
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, Sequence

import msgspec
import pytest
from matplotlib.dates import date2num
from matplotlib.figure import Figure

from assetstream import (
    AssetStream,
    AssetUpdate,
    ConfigurationError,
    Gap,
    History,
    Source,
    State,
    StreamGroup,
)
from assetstream.model.events import Balance
from assetstream.model.history import MAX_GAPS, Recent
from assetstream.simulator import Account, Simulator
from tests.support.event_recorder import PATIENCE, EventRecorder

NOON = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)


def at(seconds: float) -> datetime:
    """Return the time so long after noon."""
    return NOON + timedelta(seconds=seconds)


def updates(*changes: tuple[float, str, str, str]) -> list[AssetUpdate]:
    """Make updates of (second, currency, available, locked), first some SNAPSHOTs."""
    made: list[AssetUpdate] = []
    known: dict[str, Balance] = {}
    for second, currency, available, locked in changes:
        source = Source.STREAM if currency in known else Source.SNAPSHOT
        amounts = Decimal(available), Decimal(locked)
        place = "upbit", "savings", currency, *amounts
        previous = known.get(currency)
        made.append(
            AssetUpdate(*place, at(second), at(second), source, "7", previous, 0, b"")
        )
        known[currency] = Balance(*place, at(second), source)
    return made


def changes_of(stream: AssetStream) -> list[tuple[str, Decimal]]:
    """Return (currency, total) of each update in the history."""
    return [(update.currency, update.total) for update in stream.history]


# What is kept.


def test_history_needs_no_handler(account: Account) -> None:
    """The history has the snapshot and each change, and outlives the stream."""
    stream = AssetStream(account.exchange())
    assert list(stream.history) == []
    with stream:
        with stream.expect(lambda u: u.total == 1002, timeout=5):
            account.deposit("USDT", 1)
            account.deposit("USDT", 1)
        kept = stream.history

    assert sorted(changes_of(stream)[:2]) == [("BTC", 1), ("USDT", 1000)]
    assert changes_of(stream)[2:] == [("USDT", 1001), ("USDT", 1002)]
    assert list(stream.history) == list(kept)
    assert kept[-1].change == 1
    assert kept[-1].raw


def test_a_handler_finds_its_update_in_the_history(account: Account) -> None:
    """W2: history and handlers get each update in one step, in one order."""
    found: list[bool] = []
    updates: list[AssetUpdate] = []
    delivered = threading.Event()

    def note(update: AssetUpdate) -> None:
        found.append(update in stream.history)
        updates.append(update)
        if update.total == 1020:
            delivered.set()

    stream = AssetStream(account.exchange(), on_asset=note)
    with stream:
        for _ in range(20):
            account.deposit("USDT", 1)
        assert delivered.wait(PATIENCE)

    assert found
    assert all(found)
    assert list(stream.history)[: len(updates)] == updates


def test_a_slow_handler_folds_nothing_here(account: Account) -> None:
    """D1 folds updates for handlers only; the history has each one."""
    free = threading.Event()
    recorder = EventRecorder()

    def slow(update: AssetUpdate) -> None:
        assert free.wait(10)
        recorder(update)

    with AssetStream(account.exchange(), on_asset=slow, max_pending=1) as stream:
        with stream.expect(lambda u: u.total == 1005, timeout=5):
            for _ in range(5):
                account.deposit("USDT", 1)
        usdt = [update for update in stream.history if update.currency == "USDT"]
        free.set()
        recorder.wait_for(lambda update: update.total == 1005)

    assert [update.total for update in usdt] == [1000, 1001, 1002, 1003, 1004, 1005]
    assert [update.folded for update in usdt] == [0] * 6
    assert recorder.updates[-1].folded > 0


@pytest.mark.parametrize(("most", "kept"), [(2, [1001, 1002]), (0, [])])
def test_it_is_bounded(account: Account, most: int, kept: list[int]) -> None:
    """The oldest updates go; with 0 none is kept."""
    with AssetStream(account.exchange(), history=most) as stream:
        with stream.expect(lambda u: u.total == 1002, timeout=5):
            account.deposit("USDT", 1)
            account.deposit("USDT", 1)

        assert [update.total for update in stream.history] == kept


@pytest.mark.parametrize("wrong", [-1, 1.5, None, True, "1000"])
def test_its_bound_is_a_number(account: Account, wrong: Any) -> None:
    """Any other bound is refused by name."""
    with pytest.raises(ConfigurationError, match="history must be a whole number from"):
        AssetStream(account.exchange(), history=wrong)


def test_an_outage_leaves_a_gap_and_what_was_recovered(
    account: Account, exchange: Simulator, no_rate_limits: None, recorder: EventRecorder
) -> None:
    """The gap is that of the change to LIVE."""
    with AssetStream(account.exchange(), **recorder.handlers()) as stream:
        with exchange.refuse_upgrades():
            exchange.drop_connections()
            recorder.wait_for_state(State.STALE)
            account.deposit("USDT", 1)
        back = recorder.wait_for_state(State.LIVE, times=2)
        history = stream.history

    assert history.gaps == (back.gap,)
    assert history[-1].source is Source.RECOVERED
    assert history.gaps[0].recovered == 1


def test_each_stream_of_a_group_has_its_own(exchange: Simulator) -> None:
    """The group itself has no history."""
    members = {"alice": exchange.upbit({"BTC": 1}), "bob": exchange.coinw({"BTC": 2})}
    streams = [AssetStream(a.exchange(), account=name) for name, a in members.items()]
    with StreamGroup(streams) as group:
        histories = {name: list(s.history) for name, s in group.streams.items()}

    assert [update.total for update in histories["alice"]] == [1]
    assert [update.total for update in histories["bob"]] == [2]


# What it is.


def test_it_is_a_sequence() -> None:
    """The oldest comes first; a slice is a history with its gaps."""
    made = updates((0, "BTC", "1", "0"), (1, "BTC", "2", "0"), (2, "BTC", "3", "0"))
    first, second = Gap(at(0.2), at(0.8), 0), Gap(at(1.2), at(1.8), 0)
    history = History(made, [first, second])

    assert isinstance(history, Sequence)
    assert history[-1] is made[-1]
    assert list(reversed(history)) == made[::-1]
    assert made[1] in history
    assert isinstance(history[1:], History)
    assert list(history[1:]) == made[1:]
    assert history[1:].gaps == (second,)
    assert history[:2].gaps == (first,)
    assert history[:0].gaps == ()
    assert not History()


def test_it_says_what_it_holds() -> None:
    """The repr has the count and both ends of the time."""
    made = updates((0, "BTC", "1", "0"), (65, "BTC", "2", "0"))

    assert repr(History()) == "<History 0 updates, 0 gaps>"
    assert repr(History(made, [Gap(at(1), at(2), 0)])) == (
        "<History 2 updates from 2026-01-01 12:00:00 to 2026-01-01 12:01:05 UTC, 1 gap>"
    )


def test_it_pickles() -> None:
    """The history can be kept, or sent to another process."""
    history = History(updates((0, "BTC", "1", "0")), [Gap(at(1), at(2), 0)])
    again = pickle.loads(pickle.dumps(history))

    assert list(again) == list(history)
    assert again.gaps == history.gaps


def test_gaps_are_bounded() -> None:
    """The last gaps are kept."""
    recent = Recent(0)
    for second in range(MAX_GAPS + 1):
        recent.add_gap(Gap(at(second), at(second + 0.5), 0))

    assert len(recent.view().gaps) == MAX_GAPS
    assert recent.view().gaps[-1].began == at(MAX_GAPS)


def test_it_may_be_read_while_it_is_written() -> None:
    """A copy made meanwhile is in order and without a hole."""
    recent = Recent(50)
    (first,) = updates((0, "BTC", "0", "0"))
    enough = threading.Event()

    def write() -> None:
        for number in itertools.count():
            made = msgspec.structs.replace(first, available=Decimal(number))
            recent.note(made)
            if enough.is_set():
                return

    writer = threading.Thread(target=write)
    writer.start()
    views = [[int(update.available) for update in recent.view()] for _ in range(500)]
    enough.set()
    writer.join()

    for view in filter(None, views):
        assert view == list(range(view[0], view[0] + len(view)))
    assert len(recent.view()) > 0


# As a table.


def test_a_table_has_a_row_for_each_update() -> None:
    """Amounts are exact, times are aware, and absent values stay absent."""
    tiny = "0.000000000000000001"
    made = updates((0, "BTC", "1", "0"), (1, "BTC", tiny, "2"), (1, "ETH", "3", "0"))
    made[2] = msgspec.structs.replace(made[2], time=None, update_id=None)
    frame = History(made).to_pandas()

    assert list(frame.columns) == [
        *("exchange", "account", "currency", "available", "locked", "total", "change"),
        *("source", "time", "update_id"),
    ]
    assert list(frame.index) == [at(0), at(1), at(1)]
    assert frame.index.name == "received"
    assert str(frame.index.tz) == "UTC"
    assert list(frame["total"]) == [1, Decimal("2.000000000000000001"), 3]
    assert {type(total) for total in frame["total"]} == {Decimal}
    assert list(frame["change"]) == [0, Decimal("1.000000000000000001"), 0]
    assert frame["total"].astype(float).iloc[0] == 1.0
    assert list(frame["source"]) == ["SNAPSHOT", "STREAM", "SNAPSHOT"]
    assert frame["time"].iloc[0] == NOON
    assert frame["time"].isna().tolist() == [False, False, True]
    assert list(frame["update_id"]) == ["7", "7", None]


def test_a_table_shows_a_zero_as_zero() -> None:
    """The difference of two equal amounts is 0, not 0E-18."""
    amount = "1.000000000000000000"
    frame = History(
        updates((0, "BTC", amount, "0"), (1, "BTC", "0", amount))
    ).to_pandas()

    assert [str(change) for change in frame["change"]] == ["0", "0"]


def test_an_empty_table_has_its_columns() -> None:
    """The columns have the types of a full table."""
    empty = History().to_pandas()
    full = History(updates((0, "BTC", "1", "0"))).to_pandas()

    assert len(empty) == 0
    assert list(empty.columns) == list(full.columns)
    assert str(empty.index.tz) == "UTC"
    assert set(empty.dtypes.drop("time")) == set(full.dtypes.drop("time"))


# As a chart.


def labels(axes: Any) -> list[str]:
    """Return the names of the legend."""
    return list(axes.get_legend_handles_labels()[1])


def line(axes: Any, label: str) -> Any:
    """Return the line of that name."""
    (found,) = [each for each in axes.lines if each.get_label() == label]
    return found


def test_a_balance_goes_in_steps() -> None:
    """The line is constant between updates, up to the last known time."""
    history = History(
        updates((0, "BTC", "1", "0"), (5, "BTC", "2", "0"), (9, "BTC", "2", "1")),
        [Gap(at(10), at(12), 0)],
    )
    (axes,) = history.plot().axes
    total, available = (
        line(axes, "total"),
        line(axes, "available, the rest is locked"),
    )

    assert total.get_drawstyle() == available.get_drawstyle() == "steps-post"
    assert list(total.get_xdata())[:3] == list(date2num([at(0), at(5), at(9)]))
    assert total.get_xdata()[3] > date2num(at(12))
    assert list(total.get_ydata()) == [1, 2, 3, 3]
    assert list(available.get_ydata())[2:] == [2, 2]


def test_what_was_before_the_oldest_kept_update_is_drawn() -> None:
    """The first update's ``previous`` is the balance before it."""
    made = updates((0, "BTC", "1", "0"), (5, "ETH", "2", "0"), (9, "BTC", "3", "0"))
    figure = History(made[1:]).plot()
    (axes,) = [axes for axes in figure.axes if axes.get_title("left") == "BTC"]

    assert line(axes, "total").get_xdata()[0] == date2num(at(5))
    assert list(line(axes, "total").get_ydata()) == [1, 3, 3]


def test_a_gap_is_shaded_in_every_panel() -> None:
    """The gap has a legend entry; one that is out of range has none."""
    made = updates((5, "BTC", "1", "0"), (9, "ETH", "2", "0"))
    figure = History(made, [Gap(at(0), at(1), 0), Gap(at(6), at(7), 0)]).plot()
    (legend,) = figure.legends

    for axes in figure.axes:
        (span,) = axes.patches
        # Before matplotlib 3.9 it was no Rectangle.
        drawn = span.get_path().transformed(span.get_patch_transform()).get_extents()
        assert drawn.x0 == pytest.approx(date2num(at(6)), abs=1e-9)
        assert drawn.x1 == pytest.approx(date2num(at(7)), abs=1e-9)
    assert [text.get_text() for text in legend.get_texts()] == ["total", "gap"]


def test_what_was_found_afterwards_is_marked() -> None:
    """RECOVERED and AUDIT have different marks."""
    made = updates((0, "BTC", "1", "0"), (1, "BTC", "2", "0"), (2, "BTC", "3", "0"))
    for number, source in ((1, Source.RECOVERED), (2, Source.AUDIT)):
        made[number] = msgspec.structs.replace(made[number], source=source)
    (axes,) = History(made).plot().axes

    recovered, audit = (
        line(axes, name) for name in ("recovered after a gap", "found by an audit")
    )
    assert list(recovered.get_ydata()) == [2]
    assert list(audit.get_ydata()) == [3]
    assert recovered.get_marker() != audit.get_marker()


def test_the_last_value_is_written_in_all_its_digits() -> None:
    """The value is beside the name; with locked amounts, also the available one."""
    digits = "12345678.000000000000000001"
    history = History(updates((0, "BTC", digits, "0"), (1, "ETH", "0.0000001", "1")))
    figure = history.plot()
    shown = {axes.get_title("left"): axes.get_title("right") for axes in figure.axes}

    assert shown == {"BTC": digits, "ETH": "0.0000001 available of 1.0000001"}


def test_of_many_currencies_those_that_changed_are_drawn() -> None:
    """The twelve that changed most are drawn, as the title says."""
    made = updates(
        *((0, f"C{number:02}", "1", "0") for number in range(15)),
        *((number, "C14", str(number), "0") for number in (2, 3)),
        (4, "C13", "2", "0"),
    )
    figure = History(made).plot()
    names = [axes.get_title("left") for axes in figure.axes]

    assert names[:3] == ["C14", "C13", "C00"]
    assert len(names) == 12
    title = figure.get_suptitle()
    assert title == (
        "savings: 18 updates, the 12 of 15 currencies that changed most often"
    )


def test_panels_share_their_time() -> None:
    """Only the lowest panel of each column has time labels, in UTC."""
    history = History(updates(*((0, f"C{n}", "1", "0") for n in range(5))))
    figure = history.plot()
    limits = {axes.get_xlim() for axes in figure.axes}

    assert len(limits) == 1
    labelled = [axes.get_xlabel() for axes in figure.axes]
    assert labelled == ["", "", "", "UTC", "UTC"]


@pytest.mark.parametrize("span", [0, 0.2, 3, 90, 4000, 90_000, 10**7])
def test_any_length_of_time_can_be_drawn(span: float) -> None:
    """One update, or months of them, are drawn without a warning."""
    made = updates((0, "BTC", "1", "0"), (span, "BTC", "0.000000000000000001", "0"))
    figure = History(made).plot()

    figure.draw_without_rendering()


def test_nothing_is_drawn_as_nothing() -> None:
    """An empty figure has a text."""
    figure = History().plot()

    assert [text.get_text() for text in figure.texts] == ["no updates yet"]


def test_it_shows_itself_in_a_notebook(tmp_path: Any) -> None:
    """The notebook gets a PNG of double resolution; ``savefig`` writes a file."""
    figure: Any = History(updates((0, "BTC", "1", "0"))).plot()
    image, size = figure._repr_png_()
    figure.savefig(tmp_path / "balances.png")

    assert isinstance(figure, Figure)
    assert image.startswith(b"\x89PNG")
    assert int.from_bytes(image[16:20], "big") == 2 * size["width"]
    assert (tmp_path / "balances.png").stat().st_size > 1000


def test_drawing_leaves_pyplot_alone() -> None:
    """No window opens, no backend is chosen, no figure is kept."""
    code = (
        "import sys; from assetstream import History; History().plot(); "
        "print('matplotlib.pyplot' in sys.modules, 'pandas' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "False False"


@pytest.mark.parametrize(
    ("method", "library"), [("plot", "matplotlib"), ("to_pandas", "pandas")]
)
def test_without_the_extra_it_says_what_to_install(
    method: str, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The typed error has the command."""
    monkeypatch.delitem(sys.modules, "assetstream.model.chart", raising=False)
    for name in [n for n in sys.modules if n.partition(".")[0] == library]:
        monkeypatch.setitem(sys.modules, name, None)

    with pytest.raises(ConfigurationError, match=rf'{library}.*"assetstream\[plot\]"'):
        getattr(History(), method)()
