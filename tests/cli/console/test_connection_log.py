"""The log of the clients of a running simulator."""

from __future__ import annotations

import re
import threading

from assetstream import AssetStream
from assetstream.cli.console.connection_log import ConnectionLog
from assetstream.model.errors import AuthenticationError
from assetstream.simulator import CoinWAccount, Simulator, UpbitAccount


class Lines:
    """Keeps the lines of a log, of any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.lines: list[str] = []

    def __call__(self, exchange: str, what: str) -> None:
        with self._changed:
            self.lines.append(f"{exchange} {what}")
            self._changed.notify_all()

    def wait_for(self, count: int) -> list[str]:
        """Return the lines once there are that many, every duration as 0.0."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.lines) >= count, 5.0)
        return [re.sub(r"\d+\.\d s", "0.0 s", line) for line in self.lines]


def test_coming_and_going_is_logged(
    exchange: Simulator, upbit: UpbitAccount, coinw: CoinWAccount
) -> None:
    """Each client has one line for each event, none for a last unsubscription."""
    log = Lines()
    exchange.faults.add(ConnectionLog(log))
    with AssetStream(coinw.exchange()):
        pass
    lines = log.wait_for(4)
    assert lines == [
        "coinw connected",
        "coinw login accepted",
        "coinw subscription accepted",
        "coinw disconnected after 0 s",
    ]
    with AssetStream(upbit.exchange()):
        exchange.drop_connections()
        assert log.wait_for(7)[4:7] == [
            "upbit connected",
            "upbit subscription accepted",
            "upbit disconnected after 0 s",
        ]


def test_refusals_are_logged(
    exchange: Simulator, upbit: UpbitAccount, coinw: CoinWAccount
) -> None:
    """HTTP refusals of Upbit and messages of CoinW are logged without keys."""
    log = Lines()
    exchange.faults.add(ConnectionLog(log))
    exchange.fault("login_invalid_access_key")
    exchange.refuse_logins(coinw)
    for account in (upbit, coinw):
        stream = AssetStream(account.exchange(), on_error=lambda error: None)
        try:
            stream.start()
        except AuthenticationError:
            pass

    lines = log.wait_for(3)
    assert lines[0] == "upbit connection refused with status 401"
    assert lines[1:3] == ["coinw connected", "coinw login refused"]
