"""The live table, in a stand-in for a notebook that keeps every paint."""

from __future__ import annotations

import gc
import logging
import re
import threading
from itertools import pairwise
from weakref import ref

import pytest

from assetstream import AssetStream, StreamGroup
from assetstream.display.html import LAPSE
from assetstream.display.page import Line
from assetstream.model.states import State
from assetstream.notebook import live_table
from assetstream.notebook.live_table import PAUSE, LivePage, LiveTable
from assetstream.simulator import Simulator
from assetstream.simulator.account import Account
from tests.notebook.conftest import Outputs
from tests.support.clock import TimeMachine
from tests.support.event_recorder import PATIENCE
from tests.support.groups import streams, wait_until


def displays() -> list[str]:
    """Return the threads of live tables by name."""
    names = (thread.name for thread in threading.enumerate())
    return [name for name in names if name.endswith("-display")]


@pytest.mark.usefixtures("fast")
def test_a_new_stream_is_started_and_followed(
    account: Account, outputs: Outputs
) -> None:
    """One output shows every state and change."""
    stream = AssetStream(account.exchange(), account="savings")
    stream.show()
    first = outputs.painted[0]
    outputs.wait_for("LIVE", "BTC", "1000")
    assert displays() == ["assetstream-savings-display"]
    account.deposit("BTC", "0.25")
    changed = outputs.wait_for("1.25", "+0.25")
    assert stream.stop()

    assert re.match(r"CONNECTING as of \d\d:\d\d:\d\d UTC  savings on ", first.text)
    assert not first.update
    assert all(painted.update for painted in outputs.painted[1:])
    assert {painted.display_id for painted in outputs.painted} == {first.display_id}
    assert "STREAM" in changed.text


@pytest.mark.usefixtures("fast")
def test_the_end_is_shown_before_stop_returns(
    account: Account, outputs: Outputs
) -> None:
    """No thread of the table is left then."""
    stream = AssetStream(account.exchange())
    stream.show()
    outputs.wait_for("LIVE")
    assert stream.stop()

    assert outputs.painted[-1].text.startswith("STOPPED")
    assert "no longer updated" in outputs.painted[-1].text
    assert "BTC stale" in outputs.painted[-1].text
    assert [painted.moving for painted in outputs.painted[-2:]] == [True, False]
    assert displays() == []


@pytest.mark.usefixtures("fast")
def test_one_that_has_ended_is_kept_by_nobody(
    account: Account, outputs: Outputs
) -> None:
    """The table does not keep the stream: ``del`` frees it."""
    stream = AssetStream(account.exchange())
    stream.show()
    outputs.wait_for("LIVE")
    stream.stop()
    kept = ref(stream)
    del stream
    gc.collect()

    assert kept() is None


@pytest.mark.usefixtures("fast")
def test_a_failure_is_shown_with_its_reason(
    exchange: Simulator, outputs: Outputs
) -> None:
    """The table's thread ends by itself."""
    stream = AssetStream(exchange.coinw().exchange(), on_error=lambda error: None)
    with exchange.refuse_logins():
        stream.show()
        failed = outputs.wait_for("FAILED")
    wait_until(lambda: not displays())
    stream.stop()

    assert "Check api_key and secret_key" in failed.text
    assert outputs.painted[-1] is failed


@pytest.mark.usefixtures("fast", "no_rate_limits")
def test_trouble_is_shown_in_words_and_remembered(
    exchange: Simulator, outputs: Outputs
) -> None:
    """Stale balances have the word; a mended error stays, paler."""
    account = exchange.upbit({"BTC": "1"})
    stream = AssetStream(account.exchange(), on_error=lambda error: None)
    stream.show()
    outputs.wait_for("LIVE")
    with exchange.refuse_upgrades(503):
        exchange.drop_connections()
        stale = outputs.wait_for("STALE", "BTC stale", "HTTP 503")
    live = outputs.wait_for("LIVE", "HTTP 503", "last gap")
    stream.stop()

    assert '<div class="bad">' in stale.html
    assert "ConnectionLost: Upbit is not available (HTTP 503)" in live.text
    assert '<div class="bad">' not in live.html
    assert "BTC stale" not in live.text


def test_four_repaints_a_second_at_most(exchange: Simulator, outputs: Outputs) -> None:
    """Each repaint shows the present book."""
    account = exchange.upbit({"BTC": "1", "USDT": "1000"})
    stream = AssetStream(account.exchange())
    stream.show()
    outputs.wait_for("LIVE")
    before = len(outputs.painted)
    with account.trade(rate=500):
        wait_until(lambda: len(outputs.painted) >= before + 5)
    painted = outputs.painted.copy()
    stream.stop()
    pauses = [two.at - one.at for one, two in pairwise(painted)]

    assert min(pauses) > 0.24
    assert len({each.text for each in painted}) == len(painted)


@pytest.mark.usefixtures("fast")
def test_what_looks_the_same_is_painted_all_the_same(
    outputs: Outputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is not painted anew does not look live for long."""
    monkeypatch.setattr(live_table, "TICK", 0.0)

    def page() -> LivePage:
        return LivePage([Line("as ever")], None)

    def over() -> bool:
        return len(outputs.painted) > 20

    table = LiveTable("still", page, over, lambda on_screen: None)
    table.begin()
    wait_until(lambda: table.join(1))

    assert {painted.text for painted in outputs.painted} == {"as ever"}
    assert [painted.moving for painted in outputs.painted[-2:]] == [True, False]


@pytest.mark.parametrize(
    ("took", "pause"), [(0.001, PAUSE), (0.1, 1.0), (60.0, LAPSE / 2)]
)
def test_the_pause_depends_on_the_page_before(took: float, pause: float) -> None:
    """The longest ends while the table still looks live."""
    assert live_table.pause_after(took) == pytest.approx(pause)


@pytest.mark.usefixtures("fast")
def test_ages_alone_are_painted_once_a_second(
    outputs: Outputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A changed fact is painted at once."""
    monkeypatch.setattr(live_table, "TICK", 60.0)
    pages: list[int] = []

    def page() -> LivePage:
        pages.append(1)
        number = len(pages)
        return LivePage([Line(f"page {number}")], number >= 20)

    table = LiveTable("t", page, lambda: len(pages) > 40, lambda on_screen: None)
    table.begin()
    wait_until(lambda: table.join(1))
    painted = [each.text for each in outputs.painted]

    assert painted == ["page 1", "page 2", "page 20", painted[-1]]


@pytest.mark.usefixtures("fast")
def test_shown_twice_it_is_one_table_in_two_places(
    account: Account, outputs: Outputs
) -> None:
    """One message repaints both outputs."""
    stream = AssetStream(account.exchange())
    stream.show()
    outputs.wait_for("LIVE")
    stream.show()
    assert len(displays()) == 1
    stream.stop()
    stream.show()
    last = outputs.painted[-1]

    shown = [painted for painted in outputs.painted if not painted.update]
    assert len(shown) == 3
    assert shown[0].display_id == shown[1].display_id != last.display_id
    assert last.text.startswith("STOPPED")
    assert displays() == []


@pytest.mark.usefixtures("fast")
def test_a_handler_may_stop_what_is_shown(account: Account, outputs: Outputs) -> None:
    """``stop()`` does not wait for the table while the handler runs."""
    answers: list[bool] = []
    returned = threading.Event()
    stream = AssetStream(account.exchange())

    @stream.on_asset
    def once(update: object) -> None:
        if not answers:
            outputs.trouble = lambda: returned.wait(PATIENCE)
            answers.append(stream.stop())
            # The end may have come already, as far as it can.
            wait_until(lambda: stream.state.final)
            answers.append(stream.stop())
            returned.set()

    stream.show()
    outputs.wait_for("STOPPED")
    wait_until(lambda: not displays())
    assert stream.stop()

    assert answers == [True, True], "nothing could be painted meanwhile"


@pytest.mark.usefixtures("fast")
def test_a_notebook_that_takes_no_paint_does_not_hold_up_stop(
    account: Account, outputs: Outputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stop returns False at its timeout."""
    monkeypatch.setattr(live_table, "LAST_PAINT", 2 * PATIENCE)
    hung, release = threading.Event(), threading.Event()

    def hang() -> None:
        hung.set()
        release.wait(PATIENCE)

    stream = AssetStream(account.exchange())
    stream.show()
    outputs.wait_for("LIVE")
    outputs.trouble = hang
    account.deposit("BTC", "1")
    assert hung.wait(PATIENCE)
    stopped = stream.stop(timeout=0.3)
    release.set()

    assert not stopped
    assert stream.state is State.STOPPED
    assert stream.stop()


@pytest.mark.usefixtures("fast")
def test_a_notebook_that_is_gone_does_the_stream_no_harm(
    account: Account, outputs: Outputs, caplog: pytest.LogCaptureFixture
) -> None:
    """The table ends with a warning."""
    stream = AssetStream(account.exchange())
    stream.show()
    outputs.wait_for("LIVE")
    outputs.trouble = OSError("no such socket")
    account.deposit("BTC", "1")
    wait_until(lambda: not displays())

    assert stream.state is State.LIVE
    assert stream.stop()
    ours = [r for r in caplog.records if r.name == "assetstream"]
    assert [r.levelno for r in ours] == [logging.WARNING]
    assert "the live table has ended: OSError: no such socket" in ours[0].getMessage()


@pytest.mark.usefixtures("fast")
def test_interrupted_while_it_begins_it_leaves_nothing(
    account: Account, outputs: Outputs, exchange: Simulator
) -> None:
    """A user without a table would not know of the running stream."""
    stream = AssetStream(account.exchange())
    outputs.trouble = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        stream.show()

    assert stream.state is State.STOPPED
    exchange.wait_for_connections(0)


@pytest.mark.usefixtures("fast", "no_rate_limits")
def test_one_of_many_accounts_is_shown_on_request(
    accounts: dict[str, Account], outputs: Outputs
) -> None:
    """The group's table goes on beside it."""
    with StreamGroup(streams(accounts)) as group:
        group.show()
        group["coinw-2"].show()
        (_, one) = [painted for painted in outputs.painted if not painted.update]
        assert sorted(displays()) == [
            "assetstream-coinw-2-display",
            "assetstream-group-display",
        ]

    assert one.text.startswith("LIVE as of ")
    assert "coinw-2" in one.text.splitlines()[0]
    assert displays() == []


@pytest.mark.usefixtures("fast")
def test_what_a_handler_raises_is_in_the_table_or_in_the_log(
    account: Account,
    outputs: Outputs,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The log has what comes too late for the last page."""
    monkeypatch.setattr(logging.getLogger("assetstream"), "hasHandlers", lambda: False)
    stream = AssetStream(account.exchange(), on_asset=lambda update: 1 / 0)
    stream.show()
    outputs.wait_for("LIVE", "ZeroDivisionError: division by zero, in line ")
    logged: list[int] = []
    dispatcher = stream._run.started().dispatcher
    error = dispatcher.last_raised
    assert error is not None
    logged.append(dispatcher._level(error))
    assert stream.stop()
    logged.append(dispatcher._level(error))

    assert logged == [logging.DEBUG, logging.ERROR]
    assert "ZeroDivisionError" in outputs.painted[-1].text


@pytest.mark.usefixtures("fast", "no_rate_limits")
def test_a_newer_one_replaces_it_with_a_reason(
    account: Account, outputs: Outputs, caplog: pytest.LogCaptureFixture
) -> None:
    """Running a cell again logs no warning."""
    older = AssetStream(account.exchange(), account="older")
    older.show()
    outputs.wait_for("LIVE")
    newer = AssetStream(account.exchange(), account="newer")
    newer.show()
    assert displays() == ["assetstream-newer-display"]
    outputs.wait_for("LIVE as of ", "UTC  newer")
    newer.stop()

    ends = [p.text for p in outputs.painted if p.text.startswith("STOPPED")]
    (end,) = [text for text in ends if "UTC  older" in text]
    assert "replaced by a newer one with the same key" in end
    assert [r for r in caplog.records if r.levelno >= logging.WARNING] == []


@pytest.mark.usefixtures("fast", "no_rate_limits")
def test_where_logging_was_set_up_errors_are_logged_all_the_same(
    exchange: Simulator, outputs: Outputs, caplog: pytest.LogCaptureFixture
) -> None:
    """A log file is for the time after the notebook."""
    stream = AssetStream(exchange.upbit().exchange(), account="mine")
    with exchange.refuse_upgrades(503):
        stream.show()
        outputs.wait_for("HTTP 503")
        wait_until(lambda: "mine: ConnectionLost: " in caplog.text)
    stream.stop()


@pytest.mark.usefixtures("fast", "no_rate_limits")
def test_a_group_ends_with_the_tables_of_its_members(
    accounts: dict[str, Account], outputs: Outputs
) -> None:
    """No thread of a table is left when ``stop()`` returns."""
    group = StreamGroup(streams(accounts))
    group.start()
    for stream in group.streams.values():
        stream.show()
    group.show()
    shown = displays()
    stopped = group.stop()

    assert len(shown) == 9
    assert stopped
    assert displays() == []


@pytest.mark.usefixtures("fast", "no_rate_limits")
def test_a_few_accounts_are_shown_in_full(
    exchange: Simulator, outputs: Outputs, time_machine: TimeMachine
) -> None:
    """A group is started and followed like a stream."""
    accounts = {"a": exchange.upbit({"BTC": "1"}), "b": exchange.coinw({"BTC": "2"})}
    group = StreamGroup(streams(accounts))
    group.show()
    outputs.wait_for("2 LIVE  of 2 accounts")
    time_machine.jump(3)  # What comes is certainly newer than the snapshot.
    accounts["b"].deposit("BTC", "0.5")
    shown = outputs.wait_for("+0.5")
    assert displays() == ["assetstream-group-display"]
    assert group.stop()
    rows = [line.split()[:3] for line in shown.text.splitlines()]

    assert ["a", "BTC", "1"] in rows
    assert ["b", "BTC", "2.5"] in rows
    assert re.match(
        r"2 STOPPED  of 2 accounts as of \d\d:\d\d:\d\d UTC: stopped; ",
        outputs.painted[-1].text,
    )
    assert displays() == []


@pytest.mark.usefixtures("fast", "no_rate_limits")
def test_many_accounts_are_summed_up(
    exchange: Simulator,
    accounts: dict[str, Account],
    outputs: Outputs,
    time_machine: TimeMachine,
) -> None:
    """The page has totals, the last changes, and accounts not LIVE."""
    bad = exchange.upbit({"BTC": "1"}, permissions=[])
    group = StreamGroup(streams({**accounts, "bad": bad}), on_error=lambda error: None)
    group.show()
    outputs.wait_for("8 LIVE  1 FAILED  of 9 accounts", "FAILED  bad: Upbit refused")
    time_machine.jump(3)  # What comes is certainly newer than the snapshot.
    accounts["coinw-2"].deposit("BTC", "0.5")
    shown = outputs.wait_for("8.5", "+0.5")
    assert group.stop()
    (btc,) = [line for line in shown.text.splitlines() if line.startswith("BTC")]

    assert btc.split() == ["BTC", "8.5", "0", "8.5", "8", "+0.5", "coinw-2"]
    lines = [line.partition(" ")[0] for line in shown.text.splitlines()]
    assert lines.index("FAILED") < lines.index("BTC")
    assert f"one account: group[{next(iter(accounts))!r}].show()" in shown.text
