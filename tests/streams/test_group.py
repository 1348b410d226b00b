"""Many accounts on a few threads, each as good as a lone stream."""

from __future__ import annotations

import logging
import pickle
import threading

import pytest

from assetstream import (
    AssetStream,
    AssetStreamError,
    AssetUpdate,
    AuthenticationError,
    ConfigurationError,
    Progress,
    Source,
    StaleBalance,
    State,
    StateChange,
    StreamGroup,
    StreamStateError,
    StreamTimeout,
    Upbit,
)
from assetstream.simulator import Simulator
from assetstream.simulator.account import Account
from tests.support.balances import known_balances, true_balances
from tests.support.clock import TimeMachine
from tests.support.event_recorder import PATIENCE, EventRecorder
from tests.support.groups import BALANCES, group_threads, streams, wait_until

pytestmark = pytest.mark.usefixtures("no_rate_limits")


def test_every_account_is_live_on_entry(
    accounts: dict[str, Account], recorder: EventRecorder
) -> None:
    """Balances can be read by account, and summed up."""
    with StreamGroup(streams(accounts), **recorder.handlers()) as group:
        assert group.health().states == {State.LIVE: 8}
        assert dict(group.streams) == {s.account: s for s in group.streams.values()}
        for label, account in accounts.items():
            assert known_balances(group.streams[label]) == true_balances(account)
            assert group.balances[label]["BTC"].available == 1
        assert set(group.balances) == set(accounts)
        assert group.total("usdt", max_age=60) == 8000
        assert group.total("DOGE") == 0
        assert repr(group) == "<StreamGroup 8 of 8 LIVE>"

    assert not group_threads()
    assert recorder.of(StateChange)[-1].current is State.STOPPED
    assert {change.account for change in recorder.of(StateChange)} == set(accounts)


def test_changes_reach_the_handlers_in_order(
    accounts: dict[str, Account], recorder: EventRecorder
) -> None:
    """Each account's updates keep their order with several workers."""
    with StreamGroup(streams(accounts), on_asset=recorder, workers=3):
        for step in range(1, 21):
            for account in accounts.values():
                account.deposit("BTC", str(step))
        for label in accounts:
            recorder.wait_for(lambda u, a=label: u.account == a and u.available == 211)

        assert len([n for n in group_threads() if "callbacks" in n]) == 3
    for label in accounts:
        pushed = [
            u.available
            for u in recorder.updates
            if u.account == label and u.source is Source.STREAM
        ]
        assert pushed == sorted(pushed)
        assert len(pushed) == 20


def test_a_stream_in_a_group_is_still_a_stream(accounts: dict[str, Account]) -> None:
    """The stream can be awaited, iterated and stopped; only the group starts it."""
    group = StreamGroup(streams(accounts))
    stream = group.streams["coinw-0"]
    with pytest.raises(StreamStateError, match="in a group"):
        stream.start()
    with group:
        with stream.expect(lambda u: u.currency == "ETH", PATIENCE) as deposited:
            accounts["coinw-0"].deposit("ETH", "2")
        assert deposited.update.account == "coinw-0"
        with stream.updates() as updates:
            first = {updates.get(PATIENCE).currency for _ in range(3)}
        assert first == {"BTC", "ETH", "USDT"}
        with pytest.raises(StreamStateError):
            stream.start()

        assert stream.stop()
        assert stream.state is State.STOPPED
        assert group.health().states == {State.LIVE: 7, State.STOPPED: 1}


def test_all_dropped_at_once_are_live_again(
    exchange: Simulator,
    accounts: dict[str, Account],
    recorder: EventRecorder,
    time_machine: TimeMachine,
) -> None:
    """The missed changes are RECOVERED updates of each account."""
    with StreamGroup(streams(accounts), **recorder.handlers()) as group:
        time_machine.jump(11)  # REST has caught up with the first reads.
        with exchange.refuse_upgrades(503):
            exchange.drop_connections()
            for number, account in enumerate(accounts.values(), 1):
                account.deposit("BTC", str(number))
        for number, label in enumerate(accounts, 1):
            found = recorder.wait_for(
                lambda e, a=label: (
                    isinstance(e, AssetUpdate)
                    and e.account == a
                    and e.source is Source.RECOVERED
                )
            )
            assert found.available == 1 + number
        wait_until(lambda: group.health().states == {State.LIVE: 8})
        assert group.health().reconnects >= 8


def test_one_that_fails_does_not_touch_the_others(
    exchange: Simulator, accounts: dict[str, Account], recorder: EventRecorder
) -> None:
    """The failed account is named and counted, and can be removed."""
    urls = {"ws_url": accounts["upbit-0"].exchange().ws_url, "rest_url": exchange.url}
    bad = AssetStream(Upbit("unknown", "key", region="sg", **urls), account="bad")
    with StreamGroup([*streams(accounts), bad], **recorder.handlers()) as group:
        health = group.health()
        assert health.states == {State.LIVE: 8, State.FAILED: 1}
        assert isinstance(health.errors["bad"], AuthenticationError)
        assert [e.account for e in recorder.of(AuthenticationError)] == ["bad"]
        with pytest.raises(StaleBalance, match="bad: "):
            group.total("BTC")
        assert group.remove("bad")
        assert group.total("BTC") == 8
        with pytest.raises(KeyError):
            group.remove("bad")


def test_if_all_fail_start_raises(
    exchange: Simulator, accounts: dict[str, Account]
) -> None:
    """The first reason is raised, and every thread has ended."""
    upbit = {label: a for label, a in accounts.items() if label.startswith("upbit")}
    group = StreamGroup(streams(upbit), on_error=lambda error: None)
    with exchange.fault("login_invalid_access_key"):
        with pytest.raises(AuthenticationError):
            group.start()
        assert not group_threads()

        group = StreamGroup(streams(upbit), on_error=lambda error: None)
        with pytest.raises(AuthenticationError):
            group.run_forever()
    assert not group_threads()


def test_without_one_live_account_start_gives_up(
    exchange: Simulator, accounts: dict[str, Account], time_machine: TimeMachine
) -> None:
    """The timeout has the last error, as for a stream."""
    jumps = iter([2 * PATIENCE])  # one: stopping has a deadline as well

    def jump(error: AssetStreamError) -> None:
        # An error may come before the deadline is set.
        if group._run.progress._watching:
            time_machine.jump(next(jumps, 0.0))

    group = StreamGroup(streams(accounts), on_error=jump)
    with (
        exchange.refuse_upgrades(503),
        pytest.raises(StreamTimeout, match="not one of its 8"),
    ):
        group.start(timeout=PATIENCE)
    assert not group_threads()


def test_progress_is_delivered(accounts: dict[str, Account]) -> None:
    """Handlers get the latest progress, up to all accounts."""
    progresses, done = list[Progress](), threading.Event()

    def on_progress(progress: Progress) -> None:
        progresses.append(progress)
        if progress.live == 8:
            done.set()

    with StreamGroup(streams(accounts), on_progress=on_progress):
        assert done.wait(PATIENCE)
    counts = [progress.live for progress in progresses if not progress.failed]
    assert counts[: counts.index(8)] == sorted(counts[: counts.index(8)])
    assert {progress.total for progress in progresses} == {8}
    assert Progress(1, 1, 3).waiting == 1


def test_accounts_come_and_go(
    exchange: Simulator, accounts: dict[str, Account], recorder: EventRecorder
) -> None:
    """Accounts are added and removed while the group runs, with its handlers."""
    late = {"late": exchange.coinw(BALANCES)}
    with StreamGroup(streams(accounts), **recorder.handlers()) as group:
        (stream,) = streams(late)
        group.add(stream)
        recorder.wait_for(
            lambda e: (
                isinstance(e, StateChange)
                and e.account == "late"
                and e.current is State.LIVE
            )
        )
        assert group.total("BTC") == 9
        assert group.remove("late")
        assert stream.state is State.STOPPED
        assert group.total("BTC") == 8
        assert "late" not in group.streams
    with pytest.raises(StreamStateError, match="stopped"):
        group.add(AssetStream(late["late"].exchange()))


def test_handlers_may_be_added_and_removed(accounts: dict[str, Account]) -> None:
    """The handlers are for every account."""
    recorder, other = EventRecorder(), EventRecorder()
    group = StreamGroup(streams(accounts))
    assert group.on_asset(recorder) is recorder
    group.on_state(other)
    group.on_error(other)
    group.on_progress(other)
    group.off(other)
    with group:
        for account in accounts.values():
            account.deposit("BTC", "1")
        for label in accounts:
            recorder.wait_for(lambda u, a=label: u.account == a and u.available == 2)
    assert not other.events


def test_a_fault_of_ours_fails_one_account(
    accounts: dict[str, Account],
    recorder: EventRecorder,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The fault may be in a push or a posted call; the others go on."""
    caplog.set_level(logging.CRITICAL, "assetstream")
    with StreamGroup(streams(accounts), **recorder.handlers()) as group:
        one, two = group.streams["upbit-0"], group.streams["coinw-0"]
        one._run.started().session.machine._book.push = None  # type: ignore
        accounts["upbit-0"].deposit("BTC", "1")
        two._run.started().post(lambda: 1 // 0)  # type: ignore
        wait_until(lambda: group.health().states.get(State.FAILED) == 2)

        assert "internal error" in str(one.error)
        assert "ZeroDivisionError" in str(two.error)
        accounts["upbit-1"].deposit("BTC", "1")
        recorder.wait_for(lambda e: getattr(e, "available", 0) == 2)


def test_wrong_arguments_are_named(
    exchange: Simulator, accounts: dict[str, Account]
) -> None:
    """The errors are typed, and nothing is started."""
    with pytest.raises(ConfigurationError, match="workers"):
        StreamGroup(streams(accounts), workers=0)
    with pytest.raises(ConfigurationError, match="'upbit-0'"):
        StreamGroup([*streams(accounts), *streams(accounts)])
    with pytest.raises(ConfigurationError, match="not str"):
        StreamGroup(["upbit"])  # type: ignore[list-item]
    with pytest.raises(ConfigurationError, match="on_asset"):
        StreamGroup(streams(accounts), on_asset=1)  # type: ignore[arg-type]
    with pytest.raises(StreamStateError, match="no accounts"):
        StreamGroup().start()
    (stream,) = streams({"x": accounts["upbit-0"]})
    StreamGroup([stream])
    with pytest.raises(StreamStateError, match=r"in a group already"):
        StreamGroup([stream])
    with (
        AssetStream(accounts["upbit-0"].exchange()) as running,
        pytest.raises(StreamStateError, match="already"),
    ):
        StreamGroup([running])
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(StreamGroup())


def test_it_runs_once(accounts: dict[str, Account]) -> None:
    """A group can be started once, like a stream."""
    group = StreamGroup(streams(accounts))
    with group, pytest.raises(StreamStateError, match="already called"):
        group.start()
    with pytest.raises(StreamStateError, match="stopped"):
        group.start()


def test_in_ipython_a_lone_stream_that_ends_a_group_is_worth_a_warning(
    accounts: dict[str, Account],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """All accounts of the group end, with that reason."""
    monkeypatch.setattr("assetstream.streams.registry._in_ipython", lambda: True)
    group = StreamGroup(streams(accounts))
    group.start()
    with AssetStream(accounts["upbit-0"].exchange(), account="lone"):
        health = group.streams["coinw-3"].health()

    assert "lone: it replaces an older StreamGroup of its key" in caplog.text
    assert health.state is State.STOPPED
    assert health.reason == "replaced by a newer one with the same key"


def test_a_member_is_not_joined_before_the_group_has_begun(
    accounts: dict[str, Account],
) -> None:
    """The error says to start the group."""
    group = StreamGroup(streams(accounts))
    member = group.streams["upbit-0"]
    for join in (member.__enter__, member.run_forever, member.updates):
        with pytest.raises(StreamStateError, match=r"in a group\. Start that"):
            join()

    assert member.state is State.NEW


def test_in_ipython_a_group_replaces_the_older_one(
    accounts: dict[str, Account],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Running a cell again adds no connections."""
    monkeypatch.setattr("assetstream.streams.registry._in_ipython", lambda: True)
    caplog.set_level(logging.INFO, "assetstream")
    older, newer = StreamGroup(streams(accounts)), StreamGroup(streams(accounts))
    older.start()
    with newer:
        assert older.health().states == {State.STOPPED: 8}
        assert newer.health().states == {State.LIVE: 8}
    replacements = [r for r in caplog.records if "replaces" in r.getMessage()]
    assert [(r.levelname, r.getMessage()) for r in replacements] == [
        ("INFO", "upbit-0: it replaces an older StreamGroup of its key")
    ]


def test_a_group_is_a_container_of_its_streams(exchange: Simulator) -> None:
    """By label, and in the order in which they came."""
    made = {
        label: AssetStream(exchange.upbit(BALANCES).exchange(), account=label)
        for label in ("bob", "alice")
    }
    group = StreamGroup(made.values())
    stranger = AssetStream(exchange.upbit().exchange(), account="alice")

    assert len(group) == 2
    assert group["alice"] is made["alice"]
    assert "alice" in group
    assert made["bob"] in group
    assert "carol" not in group
    assert stranger not in group
    assert list(group) == [made["bob"], made["alice"]]
    with pytest.raises(KeyError, match="carol"):
        group["carol"]
    for stream in group:  # of the moment at which it began
        group.remove(stream.account)
    assert len(group) == 0
    assert group, "an empty group is a group"


def test_a_key_that_is_there_is_refused(exchange: Simulator) -> None:
    """The exchange might close the older connection; labels do not matter."""
    account, other = exchange.upbit(BALANCES), exchange.coinw(BALANCES)
    group = StreamGroup(
        [
            AssetStream(account.exchange(), account="alice"),
            AssetStream(other.exchange(), account="bob"),
        ]
    )
    again = AssetStream(account.exchange(), account="carol")
    with pytest.raises(ConfigurationError, match="'carol' has the key of 'alice'"):
        group.add(again)
    assert again.state is State.NEW
    assert list(group.streams) == ["alice", "bob"]

    group.remove("alice")
    group.add(again)
    assert list(group.streams) == ["bob", "carol"]


def test_a_key_is_free_again_where_adding_failed(exchange: Simulator) -> None:
    """Whatever ``add`` raises, the stream is not in the group then."""
    account = exchange.upbit(BALANCES)
    group = StreamGroup()
    started = AssetStream(account.exchange(), account="a")
    started.stop()
    with pytest.raises(StreamStateError):
        group.add(started)
    group.add(AssetStream(account.exchange(), account="b"))

    assert list(group.streams) == ["b"]
