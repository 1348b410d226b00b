"""The catalogue as a whole; each fault is tested in the file of its module."""

from __future__ import annotations

import contextlib
import itertools
import pkgutil
import re
import threading
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus

from assetstream.simulator import (
    FAULTS,
    CoinWAccount,
    Simulator,
    UpbitAccount,
    catalogue,
)
from assetstream.simulator.catalogue import create
from tests.simulator.coinw.test_faults import ANSWERS
from tests.simulator.upbit.test_faults import UPGRADES
from tests.support.clients import (
    coinw_client,
    coinw_subscriber,
    complete_balances,
    login,
    upbit_client,
    upbit_subscriber,
)
from tests.support.fault_cases import UPGRADE, pushed
from tests.support.raw_client import RawClient


def test_every_module_has_its_tests() -> None:
    """The test file of a module checks every fault of that module."""
    for module in pkgutil.iter_modules(catalogue.__path__):
        assert Path(__file__).with_name(f"test_{module.name}.py").is_file()


@pytest.mark.parametrize("name", ["close_4001", "close_1006", "invalid_utf8"])
def test_a_fault_of_one_account(name: str, exchange: Simulator) -> None:
    """Connections of another account, old and new, are undisturbed."""
    mine, other = (exchange.coinw({"BTC": 1}) for _ in range(2))
    with (
        coinw_subscriber(other) as old,
        coinw_subscriber(mine) as struck,
        exchange.fault(name, mine),
        coinw_subscriber(other) as new,
    ):
        mine.deposit("BTC", 1)
        other.deposit("BTC", 1)
        assert new.receive() == old.receive()
        struck.until_closed()
        # A new one cannot be known for the account's before its login.
        with coinw_client(mine) as late:
            assert late.ask({"event": "ping"}) == {"event": "pong"}
            late.send(login(mine))
            late.until_closed()


def test_a_fault_of_http_is_one_of_an_exchange(
    exchange: Simulator, upbit: UpbitAccount, coinw: CoinWAccount
) -> None:
    """A fault for an account affects the requests to its exchange."""
    with exchange.fault("upgrade_500", upbit), exchange.fault("rest_failing", upbit):
        with pytest.raises(InvalidStatus):
            upbit_client(upbit)
        with coinw_subscriber(coinw):
            assert complete_balances(coinw)["code"] == "200"


def test_only_good_logins_of_the_account_are_refused_so(exchange: Simulator) -> None:
    """Other accounts log in, and a wrong secret gets CoinW's own refusal."""
    mine, other = (exchange.coinw({"BTC": 1}) for _ in range(2))
    with exchange.fault("login_refused_msg", mine):
        with coinw_client(mine) as client:
            assert "msg" in client.ask(login(mine))["data"]
            assert "errorMsg" in client.ask(login(mine, "wrong"))["data"]
        with coinw_client(other) as client:
            assert "errorMsg" in client.ask(login(other, "wrong"))["data"]
            assert client.ask(login(other))["data"]["result"] is True


def test_faults_can_be_combined(exchange: Simulator, upbit: UpbitAccount) -> None:
    """A push is doubled, fragmented, and sent byte by byte."""
    with (
        upbit_subscriber(upbit) as client,
        exchange.fault("pushes_duplicated"),
        exchange.fault("fragments"),
        exchange.fault("one_byte_pieces"),
    ):
        upbit.deposit("BTC", 1)
        assert pushed(client, 2) == ["1.5", "1.5"]


def test_a_name_that_is_none(exchange: Simulator) -> None:
    """The message suggests names."""
    with pytest.raises(ValueError, match="did you mean silent_drop"):
        exchange.fault("silent_drops")


def test_what_cannot_happen(
    exchange: Simulator, upbit: UpbitAccount, coinw: CoinWAccount
) -> None:
    """A fault of the other exchange, TCP for one account, an unknown parameter."""
    with pytest.raises(ValueError, match="cannot happen at coinw"):
        exchange.fault("login_nonce_used", coinw)
    with pytest.raises(ValueError, match="no accounts"):
        exchange.fault("tcp_refused", upbit)
    with pytest.raises(ValueError, match="no accounts"):
        exchange.fault("handshake_tls_unanswered", upbit)
    with pytest.raises(ValueError, match="share"):
        exchange.fault("pushes_lost", share=2)
    with pytest.raises(TypeError, match="speed"):
        exchange.fault("rest_slow", speed=3)
    with pytest.raises(RuntimeError, match="not started"):
        Simulator().fault("tcp_refused")


@pytest.mark.parametrize(
    "name",
    [
        *("handshake_unanswered", "handshake_tls_unanswered", "tcp_refused"),
        *("silent_drop", "dead_path", "rest_slow"),
    ],
)
def test_stopping_in_the_middle(name: str) -> None:
    """The simulator's end ends every fault, and no thread stays in one."""
    with Simulator() as exchange:
        upbit = exchange.upbit()
        client = upbit_subscriber(upbit)
        raw = RawClient(upbit.ws_url)
        switch = exchange.fault(name)
        # Refusing may hit one that had yet to be accepted.
        with contextlib.suppress(ConnectionResetError):
            raw.sock.sendall(UPGRADE)
    names = [thread.name for thread in threading.enumerate()]
    assert not [name for name in names if "simulator" in name]
    switch.off()
    raw.sock.close()
    client.close()


def test_no_fault_is_another_one_under_a_second_name() -> None:
    """Each fault differs, and so does the answer of each refused login."""
    made = [
        (
            getattr(entry.make, "func", entry.make),
            getattr(entry.make, "args", ()),
            sorted(getattr(entry.make, "keywords", {}).items()),
            entry.exchange,
        )
        for entry in FAULTS.values()
    ]
    answers = [*UPGRADES.values(), *ANSWERS.values()]

    for all_of_them in (made, answers):
        pairs = itertools.combinations(all_of_them, 2)
        assert all(one != other for one, other in pairs)


def test_every_parameter_is_described() -> None:
    """Parameters of the command line are in the description and in the fault."""
    samples = {
        "currencies": "BTC+eth",
        "location": "ws://127.0.0.1:9/",
        "size": "10",
        "share": "0.25",
    }
    for name, entry in FAULTS.items():
        described = re.findall(r"(\w+)=", entry.description)
        assert sorted(set(described)) == sorted(entry.parameters), name
        for parameter, read in entry.parameters.items():
            create(name, **{parameter: read(samples.get(parameter, "3"))})


def test_every_description_fits_a_line() -> None:
    """Descriptions are rows of a table on the command line."""
    for name, entry in FAULTS.items():
        assert name.islower()
        assert 5 < len(entry.description) < 120, name
        assert not entry.description.endswith(".")
