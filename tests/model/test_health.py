"""Health in words: important figures first, zeros left out."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import msgspec

from assetstream import ConnectionLost, Gap, GroupHealth, Health, Progress, State
from assetstream.model.health import error_lines

NOON = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)
LIVE = Health(
    state=State.LIVE,
    reason="balances read and merged",
    uptime=192.4,
    last_proof=2.7,
    round_trip=0.0124,
    audits=3,
    detection_time=87.0,
)


def test_a_healthy_stream_is_one_short_line() -> None:
    """Seconds are whole; zero figures are left out."""
    assert repr(LIVE) == (
        "<Health LIVE, up 3 min 12 s, last sign of life 2 s before, round trip 12 ms, "
        "3 audits, all agreed, a missed change is found within 1 min 27 s>"
    )
    assert repr(Health(state=State.NEW)) == "<Health NEW>"


def test_a_state_has_its_time_wherever_it_may_be_read_later() -> None:
    """A group's is that of its oldest figures."""
    now = msgspec.structs.replace(LIVE, at=NOON + timedelta(seconds=1))
    group = GroupHealth.of({"a": msgspec.structs.replace(LIVE, at=NOON), "b": now}, 1)

    assert repr(now).startswith("<Health LIVE as of 12:00:01 UTC, up ")
    assert '<b class="live">LIVE as of 12:00:01 UTC</b>' in now._repr_html_()
    assert group.at == NOON
    assert repr(group).startswith("<GroupHealth 2 LIVE as of 12:00:00 UTC, ")
    assert "of 2 accounts as of 12:00:00 UTC" in group._repr_html_()


def test_every_count_that_is_not_zero_is_shown() -> None:
    """Each count has its name."""
    health = Health(
        state=State.STALE,
        uptime=5.0,
        reconnects=2,
        pending=7,
        folded=1,
        dropped=3,
        ignored=4,
        callback_errors=1,
        audits=2,
        drifts=1,
        in_doubt=("BTC", "ETH"),
        last_gap=Gap(NOON, NOON + timedelta(seconds=90), 1),
        lookups_left_behind=1,
        error=ConnectionLost("no network"),
    )

    assert repr(health) == (
        "<Health STALE, up 5 s, in doubt: BTC, ETH, 2 reconnects, 7 pending for "
        "callbacks, 1 update folded, 3 updates dropped, 4 updates ignored as old, "
        "handlers raised 1 time, 2 audits, 1 correction, last gap 1 min 30 s until "
        "12:01:30 UTC, 1 balance recovered, 1 look-up left behind, ConnectionLost: no "
        "network>"
    )


def test_audits_that_are_off_are_shown() -> None:
    """LIVE without audits is marked, as a change may stay unknown."""
    assert "audits are off" in repr(Health(state=State.LIVE))


def test_an_owner_is_named_with_the_age_of_its_word() -> None:
    """Audits are its own business; its word may not have come yet."""
    remote = Health(state=State.LIVE, owner="host-7", lag=1.2)

    assert repr(remote) == ("<Health LIVE, owned by host-7, last heard of 1 s before>")
    assert repr(msgspec.structs.replace(remote, lag=None)) == (
        "<Health LIVE, owned by host-7>"
    )


def test_the_page_shows_the_reason_once() -> None:
    """An error that is the reason is not repeated."""
    error = ConnectionLost("<no> network")
    text = Health(state=State.STALE, reason=str(error), error=error)._repr_html_()
    other = Health(state=State.LIVE, reason="read", error=error)._repr_html_()

    assert text.count("&lt;no&gt; network") == 1
    assert "ConnectionLost: &lt;no&gt; network" in other


def test_the_health_of_a_group_is_as_short() -> None:
    """States come first, then the accounts with errors."""
    error = ConnectionLost("no network")
    health = GroupHealth.of(
        {"a": LIVE, "b": LIVE, "c": Health(state=State.STALE, error=error)}, 4
    )

    assert repr(health) == (
        "<GroupHealth 2 LIVE, 1 STALE, oldest sign of life 2 s before, 6 audits, all "
        "agreed, 4 threads, errors of c>"
    )
    assert "<b>c:</b> ConnectionLost: no network" in health._repr_html_()


def test_the_reason_of_a_stream_that_is_not_live_is_shown() -> None:
    """The reason is left out if the error has the same text."""
    text = repr(Health(state=State.STALE, reason="no proof of life"))
    assert text.startswith("<Health STALE, no proof of life")
    error = ConnectionLost("gone")
    assert (
        repr(Health(state=State.STALE, reason="gone", error=error)).count("gone") == 1
    )


def test_an_error_below_its_own_reason_shows_the_remedy_only() -> None:
    """The problem stands above it already; an error without remedy needs no line."""
    error = ConnectionLost("no route", remedy="Check the cable.")
    (remedy,) = error_lines(error, "no route")
    (whole,) = error_lines(error, "unverified")

    assert remedy.text == "Check the cable."
    assert whole.text == f"ConnectionLost: {error}"
    assert error_lines(ConnectionLost("no route"), "no route") == []


def test_a_page_without_an_error_ends_with_the_figures() -> None:
    """Nothing is shown as bad."""
    page = LIVE._repr_html_()

    assert "round trip 12 ms" in page
    assert "bad" not in page.partition("</style>")[2]


def test_a_group_names_accounts_in_doubt_and_its_slowest_detection() -> None:
    """Only one account without audits leaves the group without a time."""
    doubted = msgspec.structs.replace(LIVE, in_doubt=("BTC",), detection_time=90.0)
    health = GroupHealth.of({"a": LIVE, "b": doubted}, 4)
    unknown = GroupHealth.of({"a": LIVE, "b": Health(state=State.NEW)}, 0)

    assert repr(health) == (
        "<GroupHealth 2 LIVE, oldest sign of life 2 s before, in doubt: BTC of b, "
        "6 audits, all agreed, a missed change is found within 1 min 30 s, 4 threads>"
    )
    assert unknown.detection_time is None
    assert repr(unknown) == (
        "<GroupHealth 1 NEW, 1 LIVE, oldest sign of life 2 s before, 3 audits, "
        "all agreed>"
    )


def test_a_group_in_which_nobody_is_live_has_no_sign_of_life() -> None:
    """A time without an account would mean nothing."""
    health = GroupHealth.of({"a": Health(state=State.STALE, last_proof=4.0)}, 1)

    assert health.oldest_proof is None
    assert repr(health) == "<GroupHealth 1 STALE, 1 thread>"


def test_progress_is_a_count_of_those_that_are_live() -> None:
    """Those that have ended are named, and wait no more."""
    progress = Progress(live=3, failed=1, total=6, settled=5)

    assert progress.waiting == 2
    assert str(progress) == "3 of 6 LIVE, 1 ended"
    assert repr(Progress(0, 0, 6)) == "<Progress 0 of 6 LIVE>"


def test_a_group_may_have_no_accounts() -> None:
    """One that finds them itself has none at first."""
    health = GroupHealth.of({}, 3)

    assert repr(health) == "<GroupHealth no accounts, 3 threads>"
    assert "no accounts" in health._repr_html_()
