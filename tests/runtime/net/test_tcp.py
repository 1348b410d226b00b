"""Connecting to a host of several addresses (L6)."""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
from typing import Any, Iterator

import pytest

from assetstream.model.errors import ConnectionLost
from assetstream.runtime.loop import clock
from assetstream.runtime.net import tcp
from assetstream.runtime.net.cancel import Cancelled, CancelScope, CancelToken
from assetstream.runtime.net.lookup import Address
from assetstream.runtime.net.tcp import MOST_REMEMBERED, NEXT_AFTER, connect_any
from tests.support.clock import TimeMachine, fast_time
from tests.support.event_recorder import PATIENCE


class Network:
    """Addresses of this machine: some answer, some refuse, some are silent."""

    def __init__(self, stack: contextlib.ExitStack) -> None:
        self._stack = stack
        self.token = CancelToken()
        stack.callback(self.token.close)

    def good(self) -> Address:
        """Return an address that answers."""
        return self._listening(8)

    def silent(self) -> Address:
        """Return an address whose queue is full, so that it never answers."""
        address = self._listening(0)
        for _ in range(4):
            filler = self._stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(address.sockaddr)
        return address

    def refusing(self) -> Address:
        """Return an address at which nobody listens."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            return Address(socket.AF_INET, listener.getsockname())

    def connect(self, *addresses: Address, timeout: float = PATIENCE / 2) -> Address:
        """Return the address that was connected to."""
        with connect_any(list(addresses), self.scope(timeout)) as sock:
            assert sock.gettimeout() == 0.0
            return Address(sock.family, sock.getpeername())

    def scope(self, timeout: float = PATIENCE / 2) -> CancelScope:
        return CancelScope(clock.now() + timeout, self.token, "the peer")

    def _listening(self, backlog: int) -> Address:
        listener = self._stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(backlog)
        return Address(socket.AF_INET, listener.getsockname())


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Iterator[Network]:
    monkeypatch.setattr(tcp, "_worked", {})
    with contextlib.ExitStack() as stack:
        yield Network(stack)


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, Address]]:
    """Return a list of the attempts made, each with its time."""
    found: list[tuple[float, Address]] = []
    begin = tcp._begin

    def noted(address: Address, scope: Any) -> socket.socket:
        found.append((clock.now(), address))
        return begin(address, scope)

    monkeypatch.setattr(tcp, "_begin", noted)
    return found


def test_l6_the_next_address_is_tried_after_a_moment(
    network: Network, begun: list[tuple[float, Address]]
) -> None:
    """A silent address holds up the others for a quarter of a second each."""
    one, two, good = network.silent(), network.silent(), network.good()

    assert network.connect(one, two, good) == good
    assert [address for _, address in begun] == [one, two, good]
    times = [at for at, _ in begun]
    assert all(b - a >= NEXT_AFTER for a, b in itertools.pairwise(times))


def test_l6_after_a_refusal_the_next_address_is_tried_at_once(
    network: Network,
) -> None:
    """Nobody waits for what has failed already: here no time passes at all."""
    good = network.good()
    with TimeMachine(speed=0.0).installed():
        found = network.connect(network.refusing(), network.refusing(), good)

    assert found == good


def test_l6_the_address_that_worked_last_is_the_first(
    network: Network, begun: list[tuple[float, Address]]
) -> None:
    """The others keep the order that the system gives them."""
    silent, one, two = network.silent(), network.good(), network.good()
    network.connect(one)
    network.connect(two)
    network.connect(one)
    begun.clear()
    assert network.connect(silent, two, one) == one
    assert [address for _, address in begun] == [one]


def test_l6_what_worked_once_and_fails_now_holds_up_nobody(network: Network) -> None:
    """The address that answers in its place is remembered."""
    gone, good = network.refusing(), network.good()
    tcp._worked[gone.sockaddr] = None
    assert network.connect(good, gone) == good
    assert list(tcp._worked) == [gone.sockaddr, good.sockaddr]


def test_few_addresses_are_remembered(network: Network) -> None:
    """The oldest is forgotten."""
    good = network.good()
    for number in range(MOST_REMEMBERED + 10):
        tcp._worked[("192.0.2.1", number)] = None
    network.connect(good)

    assert len(tcp._worked) == MOST_REMEMBERED
    assert list(tcp._worked)[-1] == good.sockaddr


def test_no_address_answers(network: Network) -> None:
    """The error is the refusal's, or that of the deadline if one is silent."""
    with pytest.raises(ConnectionLost, match=r"the peer cannot be reached.*refused"):
        network.connect(network.refusing(), network.refusing())
    with pytest.raises(ConnectionLost, match="has no address"):
        network.connect()
    silence = pytest.raises(ConnectionLost, match="in time while connecting")
    with fast_time(1000.0), silence:
        network.connect(network.silent(), network.refusing(), network.silent())


def test_a_family_that_the_system_lacks_is_no_hindrance(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is no IPv6, IPv4 is tried at once."""
    good = network.good()
    assert network.connect(Address(-1, good.sockaddr), good) == good


def test_given_up_it_ends_at_once_and_closes_everything(network: Network) -> None:
    """A cancel ends the wait for all addresses."""
    threading.Timer(0.05, network.token.cancel).start()
    with pytest.raises(Cancelled):
        network.connect(network.silent(), network.silent())
