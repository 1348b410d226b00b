"""What a plain client sees of each fault of the catalogue."""

from __future__ import annotations

import json
import socket
import threading
import time
from typing import Any, Callable

import pytest
from websockets.exceptions import (
    ConnectionClosed,
    ConnectionClosedOK,
    InvalidHandshake,
    InvalidStatus,
)

from assetstream.simulator import (
    FAULTS,
    CoinWAccount,
    Simulator,
    Switch,
    UpbitAccount,
)
from assetstream.simulator.upbit import REFUSALS
from tests.simulator.clients import (
    SUB,
    Client,
    accounts,
    bearer,
    call,
    coinw_client,
    coinw_subscriber,
    complete_balances,
    login,
    upbit_client,
    upbit_subscriber,
)
from tests.simulator.test_websocket import TEXT, RawClient, frame

LIST = [{"ticket": "t"}, {"method": "LIST_SUBSCRIPTIONS"}]
SUBSCRIBE = [{"ticket": "t"}, {"type": "myAsset"}]
UPGRADE = b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n"
UP = {"status": "UP"}
LOGIN_NAMES = [
    f"login_{n}" for n, (status, _) in REFUSALS.items() if 400 < status < 404
]
#: Long enough to believe that nothing comes, seconds.
SILENCE = 0.1
MIB = 1024 * 1024
#: What is found in Upbit's and in CoinW's frames.
ALTERED: dict[str, tuple[bytes, bytes]] = {
    "garbage_json": (b"<garbage>{]", b"<garbage>{]"),
    "truncated_json": (b'{"type":"myAsset"', b'{"biz":"exchange"'),
    "deep_nesting": (b"[" * 100_000, b"[" * 100_000),
    "nan_amounts": (b'"balance":NaN,', b'"available":"NaN"'),
    "infinite_amounts": (b'"balance":Infinity,', b'"available":"Infinity"'),
    "negative_amounts": (b'"locked":-1}', b'"hold":"-1"'),
    "huge_exponents": (b'"locked":1E+999999999}', b'"hold":"1E+999999999"'),
}


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


@shows("tcp_refused")
def tcp_refused(case: Case) -> None:
    with upbit_subscriber(case.upbit) as client, case.on():
        with pytest.raises(ConnectionRefusedError):
            case.raw()
        case.upbit.deposit("BTC", 1)
        assert client.hear()["assets"]


@shows("tcp_reset")
def tcp_reset(case: Case) -> None:
    with (
        upbit_subscriber(case.upbit) as client,
        case.on(),
        pytest.raises(ConnectionClosed) as closed,
    ):
        client.raw()
    assert isinstance(closed.value.__cause__, ConnectionResetError)


@shows(*names("close_1"), "close_4001")
def close(case: Case) -> None:
    code = int(case.name.removeprefix("close_"))
    with (
        upbit_subscriber(case.upbit) as client,
        case.on(),
        # At CoinW, struck before it has logged in.
        coinw_client(case.coinw) as new,
    ):
        ends = [client.until_closed()[1], new.until_closed()[1]]
    for end in ends:
        assert (1006 if end.rcvd is None else end.rcvd.code) == code


@shows("silent_drop")
def silent_drop(case: Case) -> None:
    with upbit_subscriber(case.upbit) as client:
        with case.on():
            case.upbit.deposit("BTC", 1)
            client.say("PING")
            with pytest.raises(TimeoutError):
                client.connection.recv(timeout=SILENCE)
        assert client.hear()["assets"][0]["balance"] == "1.5"
        assert client.hear() == UP


@shows("handshake_unanswered")
def handshake_unanswered(case: Case) -> None:
    client = case.raw()
    with client.sock:
        with case.on():
            client.sock.sendall(UPGRADE)
            assert silent(client.sock)
        assert ended(client)
    assert client.received == b""


@shows("handshake_byte_by_byte")
def handshake_byte_by_byte(case: Case) -> None:
    client = case.raw()
    with client.sock, case.on(pause=0.0001):
        head = client.upgrade(bearer(case.upbit))
    assert head.startswith("HTTP/1.1 101 ")

    client = case.raw()
    with client.sock:
        with case.on(pause=60):
            asker = threading.Thread(
                target=client.upgrade, args=(bearer(case.upbit),), daemon=True
            )
            asker.start()
            asker.join(SILENCE)
            assert client.received == b"H"
        asker.join(5.0)
        assert not asker.is_alive()


@shows("handshake_wrong_key")
def handshake_wrong_key(case: Case) -> None:
    with case.on(), pytest.raises(InvalidHandshake, match="Sec-WebSocket-Accept"):
        upbit_client(case.upbit)


@shows(*names("upgrade_4"), *names("upgrade_5"))
def upgrade_status(case: Case) -> None:
    with case.on():
        connects: list[Callable[[], Client]] = [
            lambda: upbit_client(case.upbit),
            lambda: coinw_client(case.coinw),
        ]
        for connect in connects:
            with pytest.raises(InvalidStatus) as refused:
                connect()
            response = refused.value.response
            status = response.status_code
            assert status == int(case.name.removeprefix("upgrade_"))
            waits = response.headers.get("Retry-After")
            assert waits == ("1" if status in (429, 503) else None)
            assert (b"<html>" in (response.body or b"")) is (status == 503)


@shows("upgrade_redirect")
def upgrade_redirect(case: Case) -> None:
    client = case.raw()
    with client.sock, case.on():
        head = client.upgrade(bearer(case.upbit))
    assert head.startswith("HTTP/1.1 302 ")
    assert "Location: wss://elsewhere.invalid/" in head


@shows("login_refused")
def login_refused(case: Case) -> None:
    with case.on():
        with pytest.raises(InvalidStatus) as refused:
            upbit_client(case.upbit)
        assert refused.value.response.status_code == 401
        with coinw_client(case.coinw) as client:
            answer = client.ask(login(case.coinw))
    assert answer["channel"] == "login"
    assert answer["data"]["errorCode"] == 1003


@shows(*LOGIN_NAMES)
def login_name(case: Case) -> None:
    with case.on(), pytest.raises(InvalidStatus) as refused:
        upbit_client(case.upbit)
    error = json.loads(refused.value.response.body or b"")["error"]
    assert error["name"] == case.name.removeprefix("login_")


@shows("login_refused_bare")
def login_refused_bare(case: Case) -> None:
    with case.on(), coinw_client(case.coinw) as client:
        answer = client.ask(login(case.coinw))
    assert answer["errorCode"] == 1003
    assert "channel" not in answer


@shows("login_unanswered")
def login_unanswered(case: Case) -> None:
    with case.on(), coinw_client(case.coinw) as client:
        client.say(login(case.coinw))
        assert client.ask({"event": "ping"}) == {"event": "pong"}


@shows("subscribe_refused")
def subscribe_refused(case: Case) -> None:
    with case.on():
        with upbit_client(case.upbit) as client:
            assert client.ask(SUBSCRIBE)["error"]["name"] == "INVALID_PARAM"
        with coinw_client(case.coinw) as client:
            client.ask(login(case.coinw))
            assert client.ask(SUB)["data"]["errorCode"] == 1007
    assert case.upbit.subscribers == case.coinw.subscribers == 0


@shows("subscribe_unanswered")
def subscribe_unanswered(case: Case) -> None:
    with case.on():
        with upbit_subscriber(case.upbit) as client:
            client.say(LIST)
            assert client.ask("PING") == UP
        with coinw_client(case.coinw) as client:
            client.ask(login(case.coinw))
            client.say(SUB)
            assert client.ask({"event": "ping"}) == {"event": "pong"}


@shows("subscribe_mute", "pushes_lost")
def lost(case: Case) -> None:
    with upbit_subscriber(case.upbit) as client:
        with case.on():
            case.upbit.deposit("BTC", 1)
            assert client.ask(LIST)["result"] == [{"type": "myAsset"}]
        case.upbit.deposit("BTC", 1)
        assert client.hear()["assets"][0]["balance"] == "2.5"


@shows("first_use_silence")
def first_use_silence(case: Case) -> None:
    with upbit_subscriber(case.upbit) as old:
        with case.on():
            silenced = upbit_subscriber(case.upbit)
        with silenced, upbit_subscriber(case.upbit) as new:
            case.upbit.deposit("BTC", 1)
            assert new.hear()["assets"] == old.hear()["assets"]
            assert "result" in silenced.ask(LIST)


@shows("close_after_error")
def close_after_error(case: Case) -> None:
    with coinw_subscriber(case.coinw) as client, case.on():
        assert client.hear()["errorCode"] == 500
        with pytest.raises(ConnectionClosedOK):
            client.raw()
        with upbit_client(case.upbit) as new:
            assert new.hear()["error"]["name"]
            with pytest.raises(ConnectionClosedOK):
                new.raw()


@shows("maintenance")
def maintenance(case: Case) -> None:
    with upbit_subscriber(case.upbit) as client, case.on():
        _, closed = client.until_closed()
        with pytest.raises(InvalidStatus) as refused:
            coinw_client(case.coinw)
        status, headers, body = accounts(case.upbit)
    assert closed.rcvd is not None
    assert closed.rcvd.code == 1012
    assert refused.value.response.status_code == status == 503
    assert headers["retry-after"] == "1"
    assert b"<html>" in body


@shows("half_frame")
def half_frame(case: Case) -> None:
    client = case.raw_subscriber()
    with client.sock:
        with case.on():
            assert client.until(b'{"half":') == b'\x81\x64{"half":'
            case.upbit.deposit("BTC", 1)
            assert silent(client.sock)
        assert ended(client)
    assert client.received == b""


@shows("huge_frame")
def huge_frame(case: Case) -> None:
    with upbit_subscriber(case.upbit) as careful, case.on():
        _, closed = careful.until_closed()
        client = case.raw()
        with client.sock:
            client.upgrade(bearer(case.upbit))
            left = 200 * MIB + 10 - len(client.received)
            while left:
                left -= len(client.sock.recv(min(left, MIB)))
            assert silent(client.sock)
    assert closed.sent is not None
    assert closed.sent.code == 1009


@shows("one_byte_pieces")
def one_byte_pieces(case: Case) -> None:
    client = case.raw_subscriber()
    with client.sock, case.on():
        # Pieces may pile up before they are read, but hardly each time; a frame sent
        # as one would always be read to its end.
        for _ in range(1000):
            case.upbit.deposit("BTC", 1)
            data = client.sock.recv(65536)
            if not data.endswith(b"}"):
                return
    raise AssertionError("every frame came whole")


@shows("fragments")
def fragments(case: Case) -> None:
    client = case.raw_subscriber()
    with client.sock, case.on():
        case.upbit.deposit("BTC", 1)
        first, second = (client.until(b"\x89\x07between") for _ in range(2))
        last = client.until(b'"REALTIME"}')
    assert (first[0], second[0], last[0]) == (0x02, 0x00, 0x80)
    with upbit_subscriber(case.upbit) as whole, case.on():
        case.upbit.deposit("BTC", 1)
        assert whole.hear()["assets"][0]["balance"] == "2.5"


@shows("invalid_utf8", "rsv_bits", "masked_frame")
def against_the_rules(case: Case) -> None:
    with upbit_subscriber(case.upbit) as client, case.on():
        _, closed = client.until_closed()
        with coinw_client(case.coinw) as new:
            _, closed_too = new.until_closed()
    assert closed.sent is not None
    assert closed_too.sent is not None
    code = 1007 if case.name == "invalid_utf8" else 1002
    assert closed.sent.code == closed_too.sent.code == code


@shows(*ALTERED)
def altered(case: Case) -> None:
    with case.on():
        with upbit_subscriber(case.upbit) as client:
            case.upbit.deposit("BTC", 1)
            said = client.raw()
        with coinw_subscriber(case.coinw) as client:
            case.coinw.deposit("BTC", 1)
            said_too = client.raw()
    assert isinstance(said, bytes)
    assert isinstance(said_too, str)
    assert ALTERED[case.name][0] in said
    assert ALTERED[case.name][1] in said_too.encode()
    whole = case.name.endswith(("amounts", "exponents"))
    assert said.endswith(b"}") is said_too.endswith("}") is whole


@shows("clock_jump")
def clock_jump(case: Case) -> None:
    with upbit_subscriber(case.upbit) as client, case.on(seconds=7200):
        case.upbit.deposit("BTC", 1)
        said = client.hear()
    for name in ("asset_timestamp", "timestamp"):
        assert int(said[name]) / 1000 > time.time() + 7000


@shows("pushes_duplicated")
def pushes_duplicated(case: Case) -> None:
    with upbit_subscriber(case.upbit) as client, case.on():
        case.upbit.deposit("BTC", 1)
        assert client.raw() == client.raw()


def heard(client: Client, pushes: int) -> list[Any]:
    """The balances of the next pushes."""
    return [client.hear()["assets"][0]["balance"] for _ in range(pushes)]


@shows("pushes_reordered")
def pushes_reordered(case: Case) -> None:
    with upbit_subscriber(case.upbit) as client:
        with case.on():
            for _ in range(3):
                case.upbit.deposit("BTC", 1)
            assert heard(client, 2) == ["2.5", "1.5"]
            assert client.ask("PING") == UP
        assert heard(client, 1) == ["3.5"]


@shows("pushes_delayed")
def pushes_delayed(case: Case) -> None:
    with upbit_subscriber(case.upbit) as client:
        with case.on():
            for _ in range(2):
                case.upbit.deposit("BTC", 1)
            assert client.ask("PING") == UP
            assert heard(client, 2) == ["1.5", "2.5"]
        with case.on(seconds=60):
            case.upbit.deposit("BTC", 1)
        assert heard(client, 1) == ["3.5"]


@shows("pushes_withheld")
def pushes_withheld(case: Case) -> None:
    with upbit_subscriber(case.upbit) as client:
        with case.on():
            for _ in range(2):
                case.upbit.deposit("BTC", 1)
            assert client.ask("PING") == UP
        case.upbit.deposit("BTC", 1)
        assert heard(client, 3) == ["1.5", "2.5", "3.5"]


@shows("pong_withheld")
def pong_withheld(case: Case) -> None:
    with upbit_client(case.upbit) as client, case.on():
        pong = client.connection.ping("a")
        client.say("PING")
        assert "result" in client.ask(LIST)
        assert not pong.is_set()


@shows("rest_slow")
def rest_slow(case: Case) -> None:
    with case.on(seconds=0.2):
        began = time.monotonic()
        assert accounts(case.upbit)[0] == 200
        assert time.monotonic() - began >= 0.2


@shows("rest_stale")
def rest_stale(case: Case) -> None:
    with case.on():
        case.upbit.deposit("BTC", 1)
        assert accounts(case.upbit)[2][1]["balance"] == "0.5"
    assert accounts(case.upbit)[2][1]["balance"] == "1.5"


@shows("rest_failing")
def rest_failing(case: Case) -> None:
    with case.on():
        assert accounts(case.upbit)[0] == 500


@shows("rest_rate_limited")
def rest_rate_limited(case: Case) -> None:
    with case.on():
        status, headers, body = accounts(case.upbit)
        assert complete_balances(case.coinw)["code"] == 29001
    assert (status, headers["retry-after"]) == (429, "1")
    assert body["error"]["name"] == "too_many_requests"


@shows("rest_garbage")
def rest_garbage(case: Case) -> None:
    with case.on():
        url, headers = case.exchange.url, bearer(case.upbit)
        status, _, body = call(url, "GET", "/v1/accounts", headers, raw=True)
    assert status == 200
    with pytest.raises(ValueError, match="Expecting"):
        json.loads(body)


@shows("rest_omitting")
def rest_omitting(case: Case) -> None:
    with case.on():
        assert [item["currency"] for item in accounts(case.upbit)[2]] == ["SGD"]
    with case.on(currencies=["USDT"]):
        assert list(complete_balances(case.coinw)["data"]) == ["BTC"]
