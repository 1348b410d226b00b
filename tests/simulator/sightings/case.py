"""What sightings are made of: a fault and its victims, and how to look."""

from __future__ import annotations

import json
import socket
from typing import Any, Callable

from assetstream.simulator import (
    FAULTS,
    CoinWAccount,
    Simulator,
    Switch,
    UpbitAccount,
)
from tests.simulator.test_connection import TEXT, RawClient, frame
from tests.support.clients import Client, bearer

__all__ = [
    "LIST",
    "SHOWN",
    "SILENCE",
    "SUBSCRIBE",
    "UP",
    "UPGRADE",
    "Case",
    "ended",
    "heard",
    "names",
    "shows",
    "silent",
]

LIST = [{"ticket": "t"}, {"method": "LIST_SUBSCRIPTIONS"}]
SUBSCRIBE = [{"ticket": "t"}, {"type": "myAsset"}]
UPGRADE = b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n"
UP = {"status": "UP"}
#: Long enough to believe that nothing comes, seconds.
SILENCE = 0.1


class Case:
    """A fault not yet switched on, and those it may happen to."""

    def __init__(
        self, name: str, exchange: Simulator, upbit: UpbitAccount, coinw: CoinWAccount
    ) -> None:
        self.name = name
        self.exchange = exchange
        self.upbit = upbit
        self.coinw = coinw

    def on(self, **parameters: Any) -> Switch:
        """Switch it on."""
        return self.exchange.fault(self.name, **parameters)

    def raw(self) -> RawClient:
        """A socket connected to Upbit."""
        return RawClient(self.upbit.ws_url)

    def raw_subscriber(self) -> RawClient:
        """The same, subscribed."""
        client = self.raw()
        assert client.upgrade(bearer(self.upbit)).startswith("HTTP/1.1 101 ")
        client.sock.sendall(frame(TEXT, json.dumps(SUBSCRIBE).encode()))
        self.upbit.wait_for_subscribers()
        return client


#: What shows each fault.
SHOWN: dict[str, Callable[[Case], None]] = {}


def shows(
    *names: str,
) -> Callable[[Callable[[Case], None]], Callable[[Case], None]]:
    """Enter what shows these faults."""

    def enter(shown: Callable[[Case], None]) -> Callable[[Case], None]:
        SHOWN.update(dict.fromkeys(names, shown))
        return shown

    return enter


def names(start: str) -> list[str]:
    """The faults whose names begin so."""
    return [name for name in FAULTS if name.startswith(start)]


def silent(sock: socket.socket) -> bool:
    """Whether nothing comes, not even an end."""
    sock.settimeout(SILENCE)
    try:
        data = sock.recv(1)
    except TimeoutError:
        return True
    finally:
        sock.settimeout(5.0)
    raise AssertionError(f"{data!r} came")


def ended(client: RawClient) -> bool:
    """Whether the connection ends, by FIN."""
    while data := client.sock.recv(65536):
        client.received += data
    return True


def heard(client: Client, pushes: int) -> list[Any]:
    """The balances of the next pushes."""
    return [client.hear()["assets"][0]["balance"] for _ in range(pushes)]
