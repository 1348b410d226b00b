"""``show()`` with IPython and without, in a notebook and in a terminal."""

from __future__ import annotations

import re
import sys
import threading

import pytest

from assetstream import (
    AssetStream,
    AuthenticationError,
    ConfigurationError,
    State,
    StreamGroup,
    StreamStateError,
)
from assetstream.libraries import install_command
from assetstream.simulator import Simulator
from assetstream.simulator.account import Account


def test_without_ipython_it_names_the_extra_and_the_ways_round(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No stream is started."""
    monkeypatch.setitem(sys.modules, "IPython", None)
    stream = AssetStream(account.exchange())
    with pytest.raises(ConfigurationError) as caught:
        stream.show()

    command = install_command("notebook")
    for text in (f"`{command}`", "`assetstream watch`", "on_asset=print"):
        assert text in str(caught.value)
    assert stream.state is State.NEW


def test_in_a_terminal_it_is_printed_once(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """The page explains that it will not be updated."""
    with AssetStream(account.exchange()) as stream:
        stream.show()
        names = [thread.name for thread in threading.enumerate()]
    printed = capsys.readouterr().out

    assert re.match(rf"LIVE as of [\d:]+ UTC  {stream.account}: ", printed)
    assert "USDT" in printed
    assert "moves in a notebook only" in printed
    assert not [name for name in names if name.endswith("-display")]


def test_one_that_has_ended_is_still_to_be_seen(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Showing an ended stream does not start it."""
    stream = AssetStream(account.exchange())
    stream.stop()
    stream.show()

    assert capsys.readouterr().out.startswith("STOPPED")


def test_start_waits_for_what_it_has_begun(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """The next cell has the balances; a second start is refused, as ever."""
    stream = AssetStream(account.exchange())
    group = StreamGroup([AssetStream(account.exchange(), account="a")])
    for shown in (stream, group):
        shown.show()
        shown.start()
    assert stream.balances["BTC"].available == 1
    assert group.balances["a"]["BTC"].available == 1
    for shown in (stream, group):
        with pytest.raises(StreamStateError, match="already called"):
            shown.start()
        assert shown.stop()


def test_a_start_that_fails_stops_what_it_has_begun(
    exchange: Simulator, account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whenever it raises, every thread has ended."""
    stream = AssetStream(account.exchange(), on_error=lambda error: None)
    with exchange.refuse_logins():
        stream.show()
        with pytest.raises(AuthenticationError):
            stream.start()

    assert stream.state is State.FAILED


def test_a_member_of_a_group_waits_for_its_start(account: Account) -> None:
    """The error says that the group must be started."""
    group = StreamGroup([AssetStream(account.exchange(), account="a")])
    with pytest.raises(StreamStateError, match=r"in a group\. Start that"):
        group.streams["a"].show()

    assert group.streams["a"].state is State.NEW
