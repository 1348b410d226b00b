"""Cases for the faults of the catalogue: fault, two accounts, checks of its effect."""

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
from tests.support.clients import (
    Client,
    accounts,
    bearer,
    coinw_subscriber,
    complete_balances,
    upbit_subscriber,
)
from tests.support.event_recorder import PATIENCE
from tests.support.raw_client import TEXT, RawClient, frame

__all__ = [
    "EFFECTS",
    "LIST",
    "SILENCE",
    "SUBSCRIBE",
    "UP",
    "UPGRADE",
    "Case",
    "check",
    "ended",
    "names",
    "pushed",
    "shows",
    "silent",
]

LIST = [{"ticket": "t"}, {"method": "LIST_SUBSCRIPTIONS"}]
SUBSCRIBE = [{"ticket": "t"}, {"type": "myAsset"}]
UPGRADE = b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n"
UP = {"status": "UP"}
#: Seconds after which a test believes that nothing comes.
SILENCE = 0.1


class Case:
    """One fault, not yet switched on, and two accounts."""

    def __init__(
        self, name: str, exchange: Simulator, upbit: UpbitAccount, coinw: CoinWAccount
    ) -> None:
        self.name = name
        self.exchange = exchange
        self.upbit = upbit
        self.coinw = coinw

    def on(self, **parameters: Any) -> Switch:
        """Switch the fault on."""
        return self.exchange.fault(self.name, **parameters)

    def raw(self) -> RawClient:
        """Connect a socket to Upbit."""
        return RawClient(self.upbit.ws_url)

    def raw_subscriber(self) -> RawClient:
        """Connect a socket to Upbit and subscribe on it."""
        client = self.raw()
        assert client.upgrade(bearer(self.upbit)).startswith("HTTP/1.1 101 ")
        client.sock.sendall(frame(TEXT, json.dumps(SUBSCRIBE).encode()))
        self.upbit.wait_for_subscribers()
        return client


#: The check of each fault's effect, by the fault's name.
EFFECTS: dict[str, Callable[[Case], None]] = {}


def shows(
    *names: str,
) -> Callable[[Callable[[Case], None]], Callable[[Case], None]]:
    """Register the function as the check of these faults."""

    def enter(check: Callable[[Case], None]) -> Callable[[Case], None]:
        EFFECTS.update(dict.fromkeys(names, check))
        return check

    return enter


def names(start: str) -> list[str]:
    """Return the names of faults with this prefix."""
    return [name for name in FAULTS if name.startswith(start)]


def silent(sock: socket.socket) -> bool:
    """Return whether neither a frame nor an end comes."""
    sock.settimeout(SILENCE)
    try:
        data = sock.recv(1)
    except TimeoutError:
        return True
    finally:
        sock.settimeout(PATIENCE)
    raise AssertionError(f"{data!r} came")


def ended(client: RawClient) -> bool:
    """Return whether the connection ends, by FIN."""
    while data := client.sock.recv(65536):
        client.received += data
    return True


def pushed(client: Client, count: int) -> list[Any]:
    """Return the balances of the next pushes."""
    return [client.receive()["assets"][0]["balance"] for _ in range(count)]


def check(case: Case) -> None:
    """Check the fault's effect, then that both exchanges behave for new clients too."""
    EFFECTS[case.name](case)
    upbit, coinw = case.upbit, case.coinw
    for account in (upbit, coinw):
        # A client that has just left still counts for a moment, on a busy machine.
        account.wait_for_subscribers(0)

    held = upbit.balances["BTC"][0] + 1
    with upbit_subscriber(upbit) as client, coinw_subscriber(coinw) as other:
        upbit.deposit("BTC", 1)
        assert pushed(client, 1) == [str(held)]
        coinw.deposit("BTC", 1)
        assert other.receive()["data"]["currency"] == "BTC"
        assert client.connection.ping().wait(PATIENCE)
    assert {item["currency"] for item in accounts(upbit)[2]} == {"SGD", "BTC"}
    assert complete_balances(coinw)["data"].keys() == {"USDT", "BTC"}
