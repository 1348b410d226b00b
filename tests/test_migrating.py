"""The blocks of docs/how-to/migrating.md run, the other libraries' and ours."""

from __future__ import annotations

import threading
from contextlib import contextmanager, suppress
from decimal import Decimal
from typing import Any, Iterator

import pytest
import requests

from assetstream.simulator import Reply, Request, Simulator, UpbitAccount
from assetstream.simulator.faults import Fault
from tests.support.documents import block_with
from tests.support.event_recorder import PATIENCE
from tests.support.processes import Program

#: No float has so many digits: what is held at first, and after a deposit of 1.
DIGITS, MORE = "0.123456789012345678901", "1.123456789012345678901"


class Enough(KeyboardInterrupt):
    """Raised once the awaited text was printed, in place of Ctrl-C."""


class Printer:
    """A ``print`` that keeps its lines, and raises ``Enough`` after a text."""

    def __init__(self, until: str) -> None:
        self._until = until
        self.lines: list[str] = []

    def __call__(self, *things: object) -> None:
        self.lines.append(" ".join(map(str, things)))
        if self._until in self.lines[-1]:
            raise Enough


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """Give a simulator that is also Upbit Korea."""
    with Simulator(region="kr", rate_limits=False) as running:
        yield running


@pytest.fixture
def account(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> UpbitAccount:
    """Give the account of the environment's variables."""
    opened = simulator.upbit({"KRW": "1000", "BTC": DIGITS})
    for name, value in opened.environment().items():
        monkeypatch.setenv(name, value)
    return opened


@contextmanager
def deposit_soon(account: UpbitAccount) -> Iterator[None]:
    """Deposit 1 BTC once somebody has subscribed to the account."""

    def deposit() -> None:
        account.wait_for_subscribers()
        account.deposit("BTC", 1)

    thread = threading.Thread(target=deposit)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def run(code: str, account: UpbitAccount, until: str) -> list[str]:
    """Run a block until it prints ``until``; return all it has printed."""
    printer = Printer(until)
    names: dict[str, Any] = {
        "print": printer,
        "access_key": account.access_key,
        "secret_key": account.secret_key,
    }
    with suppress(Enough):  # websocket-client takes it for itself
        exec(code, names)
    assert until in printer.lines[-1]
    return printer.lines


def test_a_websocket_client_script(simulator: Simulator, account: UpbitAccount) -> None:
    """Their script prints floats; ours is the README's shortest program."""
    theirs = block_with("websocket.WebSocketApp", "docs/how-to/migrating.md")
    with deposit_soon(account):
        code = theirs.replace("wss://sg-api.upbit.com", simulator.ws_url)
        (line,) = run(code, account, "BTC")

    assert f"'balance': {float(MORE)}," in line
    ours = block_with("on_asset=print).run_forever()", "docs/how-to/migrating.md")
    assert ours == block_with("on_asset=print).run_forever()")


@pytest.mark.programs
def test_upbit_sdk(simulator: Simulator, account: UpbitAccount) -> None:
    """Their SDK lists and follows until a goodbye; ours goes on."""
    pytest.importorskip("websockets", minversion="15.0")  # older ones it cannot use
    theirs = block_with("from upbit import Upbit", "docs/how-to/migrating.md")
    ours = block_with("for update in stream:  # begins", "docs/how-to/migrating.md")
    code = theirs.replace('environment="sg"', f"base_url={simulator.url!r}")
    with deposit_soon(account):
        listed = run(code, account, f"BTC {MORE} 0")
    assert listed[:2] == ["KRW 1000 0", f"BTC {DIGITS} 0"]

    def part() -> None:
        account.wait_for_subscribers()
        simulator.close_connections(1000)

    thread = threading.Thread(target=part)
    thread.start()
    exec(code, {"print": lambda *things: None})  # ends by itself, without a word
    thread.join()

    with deposit_soon(account):
        run(ours, account, f"BTC {Decimal(MORE) + 1} 0")


@pytest.mark.programs
def test_pyupbit(
    simulator: Simulator, account: UpbitAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their call returns a float, or None with an error; ours is exact."""
    pytest.importorskip("pyupbit")
    theirs = block_with("import pyupbit", "docs/how-to/migrating.md")
    ours = block_with("if balance.stale else", "docs/how-to/migrating.md")
    get, real = requests.get, "https://api.upbit.com"
    # pyupbit has no option for another host.
    monkeypatch.setattr(
        requests, "get", lambda url, **o: get(url.replace(real, simulator.url), **o)
    )

    assert run(theirs, account, "0.1") == [str(float(DIGITS))]
    with simulator.rest_answers(503):
        assert run(theirs, account, "None") == ["None"]
    assert run(ours, account, "0.1") == [f"{DIGITS} for sure"]


class NoMarkets(Fault):
    """Answers the list of markets, which the simulator does not have."""

    def rest(self, request: Request) -> Reply | None:
        return Reply.json(200, []) if request.path == "/v1/market/all" else None


@pytest.mark.programs
def test_ccxt_pro(simulator: Simulator, account: UpbitAccount) -> None:
    """Their loop has floats until the connection is lost; ours goes on."""
    pytest.importorskip("ccxt", reason="its 20 exact pins suit no extra but dev")
    theirs = block_with("import ccxt.pro", "docs/how-to/migrating.md")
    ours = block_with("{code: each.available", "docs/how-to/migrating.md")
    api = {"ws": f"{simulator.ws_url}/websocket/v1"}
    api |= dict.fromkeys(("public", "private"), simulator.url)
    keys = f"access_key, secret_key = {account.access_key!r}, {account.secret_key!r}\n"
    code = theirs.replace('"hostname": "sg-api.upbit.com"', f'"urls": {{"api": {api}}}')
    with simulator.faults.add(NoMarkets()), Program("-c", keys + code) as program:
        account.wait_for_subscribers(timeout=PATIENCE)
        account.deposit("BTC", 1)
        pushed = program.wait_for("BTC")
        simulator.drop_connections()
        assert program.finish() == 1

    assert pushed == f"{{'BTC': {float(MORE)}}}"
    assert "ccxt.base.errors.NetworkError" in program.output
    ours = ours.replace('region="sg"', 'region="kr"')
    (known, *_) = run(ours, account, "KRW")
    assert f"'BTC': Decimal('{MORE}')" in known
