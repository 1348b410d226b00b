"""An account of the simulator, as a test holds it."""

from __future__ import annotations

import pytest

from assetstream.exchanges import CoinW, Upbit
from assetstream.protocol import Snapshot
from assetstream.simulator import (
    Account,
    CoinWAccount,
    Insufficient,
    Message,
    Simulator,
    UpbitAccount,
)
from assetstream.simulator.account import ApiKey
from tests.support.clients import accounts, call, upbit_subscriber
from tests.support.specs import at


class Client:
    """A subscriber that keeps its messages."""

    def __init__(self, style: str = "DEFAULT", *, silent: bool = False) -> None:
        self.style = style
        self.silent = silent
        self.messages: list[Message] = []

    def send(self, message: Message) -> None:
        self.messages.append(message)


def test_a_key_shows_nothing_of_itself() -> None:
    """The repr hides key and secret; permissions are known."""
    key = ApiKey(("k" * 40, "s" * 40), ["view"], ["10.0.0.1"])

    assert "kkk" not in repr(key)
    assert "sss" not in repr(key)
    assert key.may_view
    assert key.allows_ip("10.0.0.1")
    assert not key.allows_ip("127.0.0.1")
    assert ApiKey(("k", "s"), [], None).allows_ip("127.0.0.1")
    assert not ApiKey(("k", "s"), [], None).may_view


def test_its_key_belongs_nowhere_else(upbit: UpbitAccount, coinw: CoinWAccount) -> None:
    """No key of a simulator is sent to the real exchange."""
    assert upbit.exchange().elsewhere() == {}
    assert coinw.exchange().elsewhere() == {}


def test_a_change_is_pushed_in_each_subscriber_s_form(upbit: UpbitAccount) -> None:
    """Each subscriber gets one push, however often it has subscribed."""
    default, simple, silent = Client(), Client("SIMPLE"), Client(silent=True)
    for client in (default, simple, silent, default):
        upbit.subscribe(client)
    assert upbit.subscribers == 3
    upbit.deposit("BTC", 1)
    upbit.unsubscribe(default)
    assert not upbit.has_subscriber(default)
    upbit.deposit("BTC", 1)

    assert [b'"balance":1.5' in m.payload for m in default.messages] == [True]
    assert [b'"b":' in m.payload for m in simple.messages] == [True, True]
    assert silent.messages == []
    assert upbit.seen.pushes == 3


def test_an_account_is_mute_until_the_last_switch_is_off(upbit: UpbitAccount) -> None:
    """Two switches mute together; one that is off twice counts once."""
    client = Client()
    upbit.subscribe(client)
    first, second = upbit.mute(), upbit.mute()
    first.off()
    first.off()
    upbit.deposit("BTC", 1)
    assert client.messages == []
    second.off()
    upbit.deposit("BTC", 1)

    assert len(client.messages) == 1


def test_money_moves_between_accounts(upbit: UpbitAccount, coinw: CoinWAccount) -> None:
    """A transfer crosses exchanges, up to the balance."""
    upbit.transfer("BTC", "0.25", coinw)
    with pytest.raises(Insufficient):
        upbit.transfer("BTC", "0.5", coinw)

    assert str(upbit.balances["BTC"][0]) == "0.25"
    assert str(coinw.balances["BTC"][0]) == "0.75"


def test_traders_end_with_their_account(upbit: UpbitAccount) -> None:
    """The trader was not stopped by itself."""
    trader = upbit.trade(rate=1000).start()
    upbit.context.signal.wait_for(lambda: trader.operations, 5.0, str)
    upbit.stop_traders()
    done = trader.operations

    assert trader.operations == done
    assert repr(upbit).startswith("<UpbitAccount number=1 currencies=")


@pytest.mark.parametrize("kind", ["upbit", "coinw"])
def test_the_adapter_is_pointed_at_the_simulator(
    exchange: Simulator, kind: str
) -> None:
    """account.exchange() reads exact balances by REST."""
    digits = "1386929.37231066771348207123"
    account: Account = getattr(exchange, kind)({"SGD": digits})
    adapter = account.exchange()

    asked = adapter.read(at(0.0), "nonce-1")
    target = asked.url.removeprefix(exchange.url)
    status, headers, body = call(
        exchange.url, asked.method, target, asked.headers, raw=True
    )
    snapshot: Snapshot = adapter.read_replied(status, headers, body)

    assert isinstance(adapter, (Upbit, CoinW))
    assert adapter.ws_url == account.ws_url
    assert [(b.currency, str(b.available)) for b in snapshot.balances] == [
        ("SGD", digits)
    ]


def test_the_environment_has_what_a_script_needs(
    upbit: UpbitAccount, coinw: CoinWAccount
) -> None:
    """The variables are keys and whole URLs of both exchanges."""
    context = upbit.context
    assert upbit.environment() == {
        "UPBIT_ACCESS_KEY": upbit.access_key,
        "UPBIT_SECRET_KEY": upbit.secret_key,
        "UPBIT_WS_URL": upbit.ws_url,
        "UPBIT_REST_URL": context.url,
    }
    assert coinw.environment() == {
        "COINW_API_KEY": coinw.api_key,
        "COINW_SECRET_KEY": coinw.secret_key,
        "COINW_WS_URL": coinw.ws_url,
        "COINW_REST_URL": context.url,
    }


def test_others_are_pushed_while_one_is_mute(
    exchange: Simulator, upbit: UpbitAccount
) -> None:
    """Only the muted account has no pushes; REST has all balances."""
    other = exchange.upbit({"BTC": 0})
    with upbit_subscriber(upbit) as muted, upbit_subscriber(other) as client:
        with upbit.mute():
            upbit.deposit("BTC", 1)
            other.deposit("BTC", 1)
        upbit.deposit("BTC", 1)
        assert client.receive()["assets"][0]["balance"] == 1
        assert muted.receive()["assets"][0]["balance"] == "2.5"
    assert accounts(upbit)[2][1]["balance"] == "2.5"
