"""Looking up names: threads that are shared, bounded, and may be left behind."""

from __future__ import annotations

import socket
import threading
from typing import Any, Iterator

import pytest

from assetstream.model.errors import ConnectionLost
from assetstream.runtime.loop import clock
from assetstream.runtime.net.cancel import Cancelled, CancelScope, CancelToken
from assetstream.runtime.net.lookup import (
    MOST_LOOKUPS,
    SLOW,
    forget_all,
    look_up,
    lookups_left_behind,
)
from tests.support.event_recorder import PATIENCE

ENTRY = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.7", 443))


class NameServer:
    """The system's look-up; it answers once it is released."""

    def __init__(self) -> None:
        self.released = threading.Event()
        self.threads: list[threading.Thread] = []
        self.known = True

    def getaddrinfo(self, *args: Any, flags: int = 0, **options: Any) -> list[Any]:
        if not flags & socket.AI_NUMERICHOST:
            self.threads.append(threading.current_thread())
            assert self.released.wait(PATIENCE)
            if self.known:
                return [ENTRY]
        raise socket.gaierror(socket.EAI_NONAME, "no such host")

    def release(self) -> None:
        """Answer, and wait until each look-up has ended."""
        self.released.set()
        for thread in self.threads:
            thread.join(PATIENCE)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[NameServer]:
    server = NameServer()
    monkeypatch.setattr(socket, "getaddrinfo", server.getaddrinfo)
    yield server
    server.release()
    assert lookups_left_behind() == 0


@pytest.fixture
def token() -> Iterator[CancelToken]:
    token = CancelToken()
    yield token
    token.close()


def scope(token: CancelToken, timeout: float = PATIENCE / 2) -> CancelScope:
    return CancelScope(clock.now() + timeout, token, "exchange.test")


def test_an_unknown_name_is_explained(server: NameServer, token: CancelToken) -> None:
    """ConnectionLost names the host that cannot be looked up."""
    server.known = False
    server.released.set()
    with pytest.raises(ConnectionLost, match=r"exchange\.test cannot be looked up"):
        look_up("exchange.test", 443, scope(token))


@pytest.mark.parametrize("given_up", [True, False])
def test_a_stuck_look_up_is_left_behind(
    server: NameServer, token: CancelToken, given_up: bool
) -> None:
    """The look-up's thread is left, and counted until it ends."""
    if given_up:
        token.cancel()
        with pytest.raises(Cancelled):
            look_up("exchange.test", 443, scope(token))
    else:
        with pytest.raises(ConnectionLost, match="in time while its name was looked"):
            look_up("exchange.test", 443, scope(token, 0.01))
    assert lookups_left_behind() == 1
    server.release()
    assert [thread.name for thread in server.threads] == ["assetstream-lookup"]
    assert lookups_left_behind() == 0


def test_those_who_ask_for_one_name_share_a_look_up(server: NameServer) -> None:
    """One thread asks, and all get the answer."""
    found: list[Any] = []

    def ask() -> None:
        mine = CancelToken()
        found.append(look_up("exchange.test", 443, scope(mine)))
        mine.close()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    while not server.threads:
        threads[0].join(0.01)
    assert lookups_left_behind() == 0, "somebody waits for it"
    server.release()
    for thread in threads:
        thread.join(PATIENCE)

    assert found == [[(ENTRY[0], ENTRY[4])]] * 8
    # Who asked last may have come when the first had their answer.
    assert len(server.threads) < 8


def test_while_dns_is_dead_for_1000_accounts_few_look_ups_run(
    server: NameServer, token: CancelToken, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each account tries each 10 s for minutes; each name has a few threads."""
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    for account in range(1000):
        for host in ("ws.test", "rest.test"):
            with pytest.raises(ConnectionLost):
                look_up(host, 443, scope(token, 0.0))
        if account % 100 == 99:
            now += SLOW

    assert lookups_left_behind() == len(server.threads) == 2 * MOST_LOOKUPS


def test_a_slow_look_up_is_not_relied_on(
    server: NameServer, token: CancelToken, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asks after 10 s begins another; the first answer is for everybody."""
    with pytest.raises(ConnectionLost):
        look_up("exchange.test", 443, scope(token, 0.0))
    later = clock.now() + SLOW
    monkeypatch.setattr(clock, "now", lambda: later)
    with pytest.raises(ConnectionLost):
        look_up("exchange.test", 443, scope(token, 0.0))
    with pytest.raises(ConnectionLost):
        look_up("exchange.test", 443, scope(token, 0.0))

    assert len(server.threads) == 2


@pytest.mark.parametrize("another", [True, False])
def test_a_look_up_without_a_thread_leaves_nothing_behind(
    server: NameServer,
    token: CancelToken,
    monkeypatch: pytest.MonkeyPatch,
    another: bool,
) -> None:
    """The machine has no thread to spare: one that runs already is waited for."""
    if another:
        with pytest.raises(ConnectionLost):
            look_up("exchange.test", 443, scope(token, 0.0))
        later = clock.now() + SLOW
        monkeypatch.setattr(clock, "now", lambda: later)

    def fails(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", fails)
        with pytest.raises(ConnectionLost if another else RuntimeError):
            look_up("exchange.test", 443, scope(token, 0.0))
    assert lookups_left_behind() == another


def test_a_forked_child_has_no_look_ups(server: NameServer, token: CancelToken) -> None:
    """The parent's threads do not run there: nobody waits for them."""
    with pytest.raises(ConnectionLost):
        look_up("exchange.test", 443, scope(token, 0.0))
    forget_all()
    assert lookups_left_behind() == 0
    with pytest.raises(ConnectionLost):
        look_up("exchange.test", 443, scope(token, 0.0))
    assert len(server.threads) == 2
