"""Frames of an account on the simulated OKX."""

from __future__ import annotations

from assetstream.simulator import Simulator
from tests.simulator.okx.client import (
    SUBSCRIBE,
    login,
    okx_account,
    okx_client,
    okx_subscriber,
)


def test_a_trade_is_one_frame_of_both_currencies(exchange: Simulator) -> None:
    """Amounts and times are texts; what does not apply is ""."""
    account = okx_account(exchange)
    with okx_subscriber(account) as client:
        order = account.place_order(pay="USDT", amount="10.5", receive="OKB")
        placed = client.receive()
        account.fill(order, "0.00000000000000000000000001")
        filled = client.receive()

    assert placed["arg"]["channel"] == "account"
    assert placed["eventType"] == "event_update"
    assert "curPage" not in placed
    (wallet,) = placed["data"]
    (detail,) = wallet["details"]
    assert detail["uTime"] == wallet["uTime"]
    assert wallet["uTime"].isdecimal()
    known = {name: detail[name] for name in ("ccy", "availBal", "frozenBal", "availEq")}
    assert known == {
        "ccy": "USDT",
        "availBal": "989.5",
        "frozenBal": "10.5",
        "availEq": "",
    }
    paid, received = filled["data"][0]["details"]
    assert (paid["ccy"], paid["frozenBal"]) == ("USDT", "0")
    assert received["availBal"] == "0.00000000000000000000000001"


def test_the_snapshot_comes_in_pages(exchange: Simulator) -> None:
    """Without what is zero; its currencies have times of their own, long past."""
    held = {"USDT": 1, "BTC": 2, "ETH": 3, "OKB": 4, "SOL": 0}
    account = okx_account(exchange, held, page=3)
    with okx_client(account) as client:
        client.ask(login(account))
        client.ask(SUBSCRIBE)
        client.receive()
        first, last = client.receive(), client.receive()

    assert [page["eventType"] for page in (first, last)] == ["snapshot"] * 2
    assert [(page["curPage"], page["lastPage"]) for page in (first, last)] == [
        (1, False),
        (2, True),
    ]
    wallets = [page["data"][0] for page in (first, last)]
    details = [detail for wallet in wallets for detail in wallet["details"]]
    assert [detail["ccy"] for detail in details] == ["USDT", "BTC", "ETH", "OKB"]
    assert all(int(d["uTime"]) < int(wallets[0]["uTime"]) - 60_000 for d in details)


def test_a_snapshot_of_nothing_is_one_empty_page(exchange: Simulator) -> None:
    """An account without money has no details."""
    account = okx_account(exchange, {})
    with okx_client(account) as client:
        client.ask(login(account))
        client.ask(SUBSCRIBE)
        client.receive()
        page = client.receive()

    assert (page["curPage"], page["lastPage"]) == (1, True)
    assert page["data"][0]["details"] == []


def test_zero_may_be_pushed_or_left_out(exchange: Simulator) -> None:
    """OKX's documents can be read either way."""
    pushed = okx_account(exchange, {"BTC": 1, "OKB": 1})
    left_out = okx_account(exchange, {"BTC": 1, "OKB": 1}, push_zeros=False)
    for account in (pushed, left_out):
        with okx_subscriber(account) as client:
            account.withdraw("BTC", 1)
            account.deposit("OKB", 1)
            (detail, *_) = client.receive()["data"][0]["details"]
            if account is pushed:
                assert (detail["ccy"], detail["availBal"]) == ("BTC", "0")
            else:
                assert (detail["ccy"], detail["availBal"]) == ("OKB", "2")


def test_nothing_is_pushed_to_who_is_silenced(exchange: Simulator) -> None:
    """Not even the snapshot: all seems well, and nothing comes."""
    account = okx_account(exchange)
    with exchange.fault("first_use_silence"), okx_client(account) as client:
        client.ask(login(account))
        client.ask(SUBSCRIBE)
        client.receive()
        account.deposit("BTC", 1)
        client.send("ping")
        assert client.raw() == "pong"
