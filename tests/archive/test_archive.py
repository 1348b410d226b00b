"""``Archive``: streams of a simulated exchange, recorded and asked for."""

from __future__ import annotations

import gc
import logging
import os
import pickle
import shutil
import sqlite3
import threading
import weakref
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from assetstream import (
    Archive,
    AssetStream,
    AssetStreamError,
    ConfigurationError,
    Source,
    StaleBalance,
    State,
    StreamGroup,
    StreamStateError,
)
from assetstream.archive import archive as module
from assetstream.archive import writer
from assetstream.archive.archive import ArchiveHealth
from assetstream.runtime.loop import clock
from assetstream.simulator import Simulator
from assetstream.simulator.account import Account
from tests.support.archives import crashed
from tests.support.clock import TimeMachine
from tests.support.event_recorder import PATIENCE, EventRecorder
from tests.support.groups import BALANCES, wait_until
from tests.support.processes import Program


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where an archive may be made."""
    return tmp_path / "balances.db"


@pytest.fixture
def upbit(exchange: Simulator) -> Account:
    """An account with BTC 1 and USDT 1000."""
    return exchange.upbit(BALANCES)


def now() -> datetime:
    """Return this moment."""
    return datetime.fromtimestamp(clock.wall(), timezone.utc)


def spend(stream: AssetStream, account: Account) -> datetime:
    """Buy for one USDT; return a time after that was known."""
    with stream.expect(lambda u: u.currency == "USDT", PATIENCE):
        account.place_order(pay="USDT", amount=1, receive="BTC")
    return now()


def recorded(path: Path, account: Account, label: str = "a") -> datetime:
    """Record a stream, of two orders; return a time between the two."""
    with (
        Archive(path) as archive,
        AssetStream(account.exchange(), account=label) as stream,
    ):
        archive.record(stream)
        between = spend(stream, account)
        spend(stream, account)
    return between


def available(archive: Archive, at: datetime, **options: Any) -> dict[str, str]:
    """Return what was available at a time."""
    held = archive.at(at, **options)
    return {code: str(balance.available) for code, balance in held.items()}


def test_h5_it_tells_the_balances_of_a_time(path: Path, account: Account) -> None:
    """While it records, and from the file afterwards."""
    with Archive(path) as archive:
        stream = AssetStream(account.exchange(), account="a")
        archive.record(stream)
        with stream:
            between = spend(stream, account)
            last = spend(stream, account)
            assert available(archive, between)["USDT"] == "999"
            assert available(archive, last, account="a") == {
                **{"BTC": "1", "USDT": "998"}
            }
            assert archive.at(now()) == archive.at(last)
            assert archive.at(last)["USDT"].locked == 2
        with pytest.raises(StaleBalance, match=r"a: .* it was STOPPED since"):
            archive.at(now())
        assert available(archive, now(), known=False)["USDT"] == "998"

    with Archive(path) as archive:
        assert available(archive, between)["USDT"] == "999"
        assert archive.accounts == ["a"]


def test_h1_every_update_of_the_stream_is_there(path: Path, upbit: Account) -> None:
    """As in ``stream.history``, but for what was there at the beginning."""
    with Archive(path) as archive, AssetStream(upbit.exchange(), account="a") as stream:
        archive.record(stream)
        for _ in range(20):
            spend(stream, upbit)
        history = [u for u in stream.history if u.source is Source.STREAM]
        found = archive.updates("a", currency="usdt")

        assert found[0].source is Source.SNAPSHOT
        assert [u.total for u in found[1:]] == [u.total for u in history]
        assert [u.available for u in found[1:]] == [u.available for u in history]
        assert [u.time for u in found[1:]] == [u.time for u in history]
        assert [u.received for u in found[1:]] == [u.received for u in history]
        assert [u.update_id for u in found[1:]] == [u.update_id for u in history]
        since = found[10].received
        assert list(archive.updates(since=since, currency="USDT")) == list(found[10:])
        assert len(archive.updates(until=since - timedelta(microseconds=1))) < 20
        frame = archive.updates().to_pandas()
        assert frame["available"].iloc[-1] == history[-1].available


def test_h2_no_stream_waits_for_a_disk_that_hangs(path: Path, upbit: Account) -> None:
    """It is LIVE, and its balances are current, while nothing can be written."""
    archive = Archive(path)
    with AssetStream(upbit.exchange(), account="a") as stream:
        archive.record(stream)
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            for _ in range(3):
                spend(stream, upbit)
            assert stream.state is State.LIVE
            assert archive.health().pending >= 3
            other.execute("ROLLBACK")
        other.close()
        assert available(archive, now())["USDT"] == "997"
        assert archive.health() == ArchiveHealth(rows=archive.health().rows)
    assert archive.close(PATIENCE)


def test_h3_no_stream_is_harmed_by_a_file_that_is_gone(
    path: Path, upbit: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One error says so, to the handler or the log; put back, it is written again."""
    monkeypatch.setattr(writer, "RETRY", 0.001)
    errors: SimpleQueue[AssetStreamError] = SimpleQueue()
    with (
        Archive(path, on_error=errors.put) as archive,
        AssetStream(upbit.exchange(), account="a") as stream,
    ):
        archive.record(stream)
        aside = path.rename(path.with_name("aside.db"))
        spend(stream, upbit)
        error = errors.get(timeout=PATIENCE)
        assert "moved, deleted or replaced" in str(error)
        assert archive.health().errors > 0
        assert archive.health().to_dict()["error"] is not None
        assert stream.state is State.LIVE
        aside.rename(path)
        after = spend(stream, upbit)
    with Archive(path) as archive:
        assert available(archive, after)["USDT"] == "998"


def test_h3_errors_without_a_handler_are_logged(
    path: Path, upbit: Account, caplog: pytest.LogCaptureFixture
) -> None:
    """Once; and a handler that raises does no harm."""

    def fail(error: AssetStreamError) -> None:
        raise KeyError

    for handler, expected in ((None, "could not be written"), (fail, "KeyError")):
        caplog.clear()
        archive = Archive(path, on_error=handler)
        with AssetStream(upbit.exchange(), account="a") as stream:
            archive.record(stream)
            aside = path.rename(path.with_name("aside.db"))
            spend(stream, upbit)
            assert archive.close(PATIENCE)
        assert archive.health().lost
        assert expected in caplog.text
        assert {record.levelno for record in caplog.records} == {logging.ERROR}
        aside.rename(path)


def test_h4_after_a_kill_the_archive_does_not_know(
    path: Path, upbit: Account, time_machine: TimeMachine
) -> None:
    """From a moment before its last sign of life on; before that it answers as ever."""
    with Archive(path) as archive, AssetStream(upbit.exchange(), account="a") as stream:
        archive.record(stream)
        before = spend(stream, upbit)
        time_machine.jump(1.0, stream)
        assert available(archive, now())["USDT"] == "999"
        copy = crashed(path)
    with Archive(copy) as archive:
        assert available(archive, before)["USDT"] == "999"
        with pytest.raises(StaleBalance, match="its recording is sure until"):
            archive.at(now())
        assert available(archive, now(), known=False)["USDT"] == "999"


def test_h5_it_does_not_tell_the_balances_of_a_gap(
    path: Path,
    upbit: Account,
    exchange: Simulator,
    recorder: EventRecorder,
    no_rate_limits: None,
) -> None:
    """From the last proof before it, when nobody knew of it yet, to its end."""
    stream = AssetStream(upbit.exchange(), account="a", **recorder.handlers())
    with Archive(path) as archive, stream:
        archive.record(stream)
        spend(stream, upbit)
        exchange.drop_connections()
        recorder.wait_for_state(State.LIVE, times=2)
        (gap,) = stream.history.gaps

        assert archive.updates().gaps == (gap,)
        for at in (gap.began, gap.began + (gap.ended - gap.began) / 2):
            with pytest.raises(StaleBalance) as caught:
                archive.at(at)
            assert (
                f"a gap from {gap.began:%Y-%m-%dT%H:%M:%S.%fZ} to "
                in caught.value.problem
            )
        assert available(archive, gap.began - timedelta(microseconds=1))
        assert available(archive, now())["USDT"] == "999"


def test_h6_it_tells_what_changed_while_nobody_recorded(
    path: Path, account: Account
) -> None:
    """Come, changed and gone; the time between is the gap, and is not known."""
    first = recorded(path, account)
    account.deposit("SGD", 5)
    account.withdraw("BTC", 1)
    ended = now()
    with Archive(path) as archive:
        # Before it is recorded again, the last run is the first one.
        assert len(archive.since_last_run()) == 0
        stream = AssetStream(account.exchange(), account="a")
        archive.record(stream)
        stream.start()
        found = archive.since_last_run("a")
        changes = {u.currency: u.change for u in found}
        assert changes == {"SGD": 5, "BTC": -1}
        assert {u.source for u in found} == {Source.RECOVERED}
        (gap,) = found.gaps
        assert first < gap.began < ended < gap.ended
        assert gap.recovered == 2
        with pytest.raises(StaleBalance, match=r"a gap from .* 2 changes showed"):
            archive.at(ended)
        assert available(archive, now()) == {"BTC": "0", "SGD": "5", "USDT": "998"}
        assert available(archive, ended, known=False)["BTC"] == "1"
        spend(stream, account)
        assert len(archive.since_last_run("a")) == 2
        stream.stop()


def test_h6_before_the_first_live_it_does_not_know(
    path: Path, upbit: Account, exchange: Simulator
) -> None:
    """Nothing can be compared yet."""
    recorded(path, upbit)
    with Archive(path) as archive, exchange.fault("upgrade_503"):
        seen = EventRecorder()
        stream = AssetStream(upbit.exchange(), account="a", on_error=seen)
        archive.record(stream)
        stream.start(wait=False)
        seen.wait_for(lambda event: True)
        with pytest.raises(StaleBalance, match="has not been LIVE since the run of"):
            archive.since_last_run()
        stream.stop()


def test_h7_old_rows_go_and_the_last_of_each_currency_stays(
    path: Path, upbit: Account
) -> None:
    """The archive says that it does not know the time before."""
    between = recorded(path, upbit)
    stream = AssetStream(upbit.exchange(), account="a")
    with Archive(path, keep=timedelta(microseconds=1)) as archive, stream:
        archive.record(stream)
        spend(stream, upbit)
        wait_until(lambda: len(archive.updates()) < 6)
        with pytest.raises(StaleBalance, match="nothing is kept"):
            archive.at(between)
        assert available(archive, now()) == {"BTC": "1", "USDT": "997"}


def test_a_group_is_recorded_with_those_that_come_later(
    path: Path, exchange: Simulator
) -> None:
    """Each account for itself; which one is meant must be said."""
    streams = {
        label: AssetStream(exchange.upbit({"SGD": n}).exchange(), account=label)
        for n, label in ((1, "alice"), (2, "bob"))
    }
    with Archive(path) as archive, StreamGroup([streams["alice"]]) as group:
        assert archive.record(group) is archive
        archive.record(group)
        seen = EventRecorder()
        group.on_state(seen)
        group.add(streams["bob"])
        seen.wait_for_state(State.LIVE)
        assert archive.accounts == ["alice", "bob"]
        assert available(archive, now(), account="alice") == {"SGD": "1"}
        assert available(archive, now(), account="bob") == {"SGD": "2"}
        with pytest.raises(ConfigurationError, match="several accounts: alice, bob"):
            archive.at(now())
        with pytest.raises(ConfigurationError, match="no account 'eve'; it has"):
            archive.at(now(), "eve")
        assert len(archive.updates("alice")) == 1


def test_one_label_on_two_exchanges_is_refused(path: Path, exchange: Simulator) -> None:
    """Which of the two is meant cannot be said."""
    recorded(path, exchange.upbit(BALANCES))
    recorded(path, exchange.coinw(BALANCES))
    archive = Archive(path)
    with pytest.raises(ConfigurationError, match="on each of coinw, upbit"):
        archive.updates("a")
    archive.close()


def test_a_stream_goes_on_when_its_archive_is_closed(
    path: Path, upbit: Account
) -> None:
    """The archive says when it stopped to look, and answers nobody any more."""
    with AssetStream(upbit.exchange(), account="a") as stream:
        with Archive(path).record(stream) as archive:
            before = spend(stream, upbit)
        assert archive.close()
        spend(stream, upbit)
        assert stream.state is State.LIVE
        for refused in (
            lambda: archive.at(before),
            lambda: archive.record(stream),
            lambda: archive.updates(),
            lambda: archive.since_last_run(),
            lambda: archive.accounts,
            archive.__enter__,
        ):
            with pytest.raises(StreamStateError, match="was closed"):
                refused()
    with Archive(path) as archive:
        assert archive.at(before)
        with pytest.raises(StaleBalance, match="the recording ended at"):
            archive.at(now())


def test_a_copy_of_its_file_has_everything(path: Path, upbit: Account) -> None:
    """Once it is closed no log is left beside it, also when it was read meanwhile."""
    stream = AssetStream(upbit.exchange(), account="a")
    with Archive(path) as archive, stream:
        archive.record(stream)
        last = spend(stream, upbit)
        assert available(archive, last)["USDT"] == "999"
        assert len(archive.since_last_run()) == 0
    assert {each.name for each in path.parent.iterdir()} == {
        path.name,
        f"{path.name}-lock",
    }
    copy = shutil.copy(path, path.with_name("copy.db"))
    with Archive(copy) as archive:
        assert available(archive, last)["USDT"] == "999"


def test_a_time_must_be_one_that_can_be_known(path: Path, upbit: Account) -> None:
    """Neither in the future nor before the beginning; without a zone it is UTC."""
    between = recorded(path, upbit)
    with Archive(path) as archive:
        naive = between.replace(tzinfo=None)
        held = archive.at(between)
        assert held == archive.at(naive) == archive.at(naive.isoformat())
        assert held == archive.at(between.isoformat())
        with pytest.raises(ConfigurationError, match=r"in the future: .* as UTC"):
            archive.at(now() + timedelta(seconds=1000))
        for known in (True, False):
            with pytest.raises(StaleBalance, match="the archive begins at"):
                archive.at("2020-01-01", known=known)
        with pytest.raises(ConfigurationError, match="time='noon' is no time"):
            archive.at("noon")
        with pytest.raises(ConfigurationError, match=r"since=.* comes after"):
            archive.updates(since="2026-01-02", until="2026-01-01")
        with pytest.raises(ConfigurationError, match="is a market"):
            archive.updates(currency="KRW-BTC")


def test_a_second_writer_is_refused_and_readers_are_not(
    path: Path, upbit: Account
) -> None:
    """Until the first is closed."""
    with AssetStream(upbit.exchange(), account="a") as stream:
        first, second = Archive(path).record(stream), Archive(path)
        with pytest.raises(ConfigurationError, match="another Archive records into"):
            second.record(stream)
        spend(stream, upbit)
        assert available(first, now()) == available(second, now(), known=False)
        first.close()
        second.record(stream)
        spend(stream, upbit)
        assert available(second, now())["USDT"] == "998"
        second.close()


def test_nothing_is_opened_before_it_is_asked_for(path: Path) -> None:
    """What is asked of a file that is not there is an error."""
    with Archive(str(path)) as archive:
        assert not path.exists()
        assert archive.health() == ArchiveHealth()
        for ask in (archive.updates, archive.since_last_run, lambda: archive.accounts):
            with pytest.raises(ConfigurationError, match="there is no archive"):
                ask()
    assert not path.exists()


def test_an_archive_of_nobody_says_so(path: Path, upbit: Account) -> None:
    """Its stream was never started."""
    stream = AssetStream(upbit.exchange())
    archive = Archive(path).record(stream)
    with pytest.raises(ConfigurationError, match="nothing is recorded in"):
        archive.at(now())
    archive.close()
    stream.stop()


def test_a_file_that_breaks_is_an_error_of_its_reader(
    path: Path, upbit: Account
) -> None:
    """The text says which file, and what is wrong with it."""
    between = recorded(path, upbit)
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)
    archive = Archive(path)
    with pytest.raises(ConfigurationError, match=r"balances.db cannot be read: "):
        archive.at(between)
    archive.close()


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"keep": 90}, "keep=90 is no length of time"),
        ({"keep": timedelta(0)}, "Write keep=timedelta"),
        ({"path": 3.5}, "path=3.5 is no path"),
        ({"path": "a\0b"}, "is no path"),
        ({"on_error": "print"}, "on_error"),
    ],
)
def test_an_argument_that_is_wrong_is_named(
    path: Path, options: dict[str, Any], text: str
) -> None:
    """Before anything is opened."""
    with pytest.raises(ConfigurationError, match=text):
        Archive(**{"path": path, **options})


def test_only_streams_are_recorded(path: Path) -> None:
    """And a file is not made for what is none."""
    archive = Archive(path)
    with pytest.raises(ConfigurationError, match="not Archive"):
        archive.record(archive)  # type: ignore[arg-type]
    assert not path.exists()


def test_an_archive_that_cannot_begin_leaves_nothing(
    path: Path, upbit: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever was in the way: the next one begins."""
    stream = AssetStream(upbit.exchange())
    archive = Archive(path)
    for error, expected in (
        (sqlite3.OperationalError("disk I/O error"), ConfigurationError),
        (RuntimeError("can't start new thread"), RuntimeError),
    ):
        with monkeypatch.context() as patch:

            def fail(*_: object, error: Exception = error) -> None:
                raise error

            patch.setattr(module.ArchiveWriter, "start", fail)
            with pytest.raises(expected, match=str(error)):
                archive.record(stream)
    archive.record(stream)
    assert archive.close(PATIENCE)
    stream.stop()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no fork")
def test_a_forked_child_is_refused(path: Path, upbit: Account) -> None:
    """It has neither the thread nor the right to the file; the parent's is unharmed."""
    with Archive(path) as archive, AssetStream(upbit.exchange(), account="a") as stream:
        archive.record(stream)
        archive.at(spend(stream, upbit))
        child = os.fork()
        if not child:
            code = 1
            try:
                archive.at(now())
            except StreamStateError as error:
                code = 0 if "make a new Archive" in error.remedy else 2
            finally:
                os._exit(code if archive.close() else 3)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        after = spend(stream, upbit)
        assert available(archive, after)["USDT"] == "998"


def test_d5_a_stream_that_is_over_is_not_held(path: Path, upbit: Account) -> None:
    """An archive outlives many of them."""
    with Archive(path) as archive:
        stream = AssetStream(upbit.exchange(), account="a")
        archive.record(stream)
        with stream:
            at = spend(stream, upbit)
            assert archive.at(at)
        gone = weakref.ref(stream)
        del stream
        gc.collect()
        assert gone() is None


def test_any_thread_may_ask(path: Path, upbit: Account) -> None:
    """Several at once, while it records."""
    with Archive(path) as archive, AssetStream(upbit.exchange(), account="a") as stream:
        archive.record(stream)
        at = spend(stream, upbit)
        found: list[Any] = []

        def ask() -> None:
            found.extend(archive.at(at)["USDT"].available for _ in range(20))

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        spend(stream, upbit)
        for thread in threads:
            thread.join(PATIENCE)
        assert found == [999] * 80


#: A service: it prints its states, and never closes its archive.
SERVICE = """
import sys
from assetstream import Archive, AssetStream, Upbit
archive = Archive(sys.argv[1])
stream = AssetStream(Upbit(region="sg"), on_state=print)
archive.record(stream)
stream.run_forever()
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM")
@pytest.mark.parametrize("end", ["terminate", "interrupt"])
def test_a_program_that_ends_closes_its_archive(
    path: Path, upbit: Account, end: str
) -> None:
    """By SIGTERM, which ends it in run_forever(), or by coming to its end."""
    environment = upbit.environment()
    stream = AssetStream(upbit.exchange(), account="b")
    with Program("-c", SERVICE, str(path), environment=environment) as program:
        program.wait_for("LIVE")
        with Archive(path) as archive:
            # The other process writes; this one may read along.
            with pytest.raises(ConfigurationError, match="another Archive records"):
                archive.record(stream)
            wait_until(lambda: len(archive.accounts) == 1)
        getattr(program, end)()
        program.finish()
    stream.stop()

    with closing(sqlite3.connect(path)) as db:
        (state,) = db.execute("SELECT state FROM states ORDER BY id DESC").fetchone()
        (ended,) = db.execute("SELECT ended FROM runs").fetchone()
    assert state == "STOPPED", program.output
    assert ended is not None


def test_it_says_which_it_is_and_is_not_pickled(path: Path) -> None:
    """It holds a thread and a file."""
    archive = Archive(path)
    assert repr(archive) == f"<Archive {path}>"
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(archive)
