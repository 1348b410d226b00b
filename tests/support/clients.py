"""Plain clients that show every byte that the simulator sends."""

from __future__ import annotations

import http.client
import json
import socket
import uuid
from typing import Any, Mapping, Sequence
from urllib.parse import urlencode, urlsplit

import jwt
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from assetstream.simulator import Account, CoinWAccount, UpbitAccount
from assetstream.simulator.coinw.venue import signature
from tests.support.event_recorder import PATIENCE

#: A client with frames left unread never sees the answer to its close.
CLOSE_TIMEOUT = 0.2


def bearer(
    account: UpbitAccount,
    *,
    nonce: str | None = None,
    access_key: str | None = None,
    secret: str | None = None,
    algorithm: str = "HS256",
) -> dict[str, str]:
    """Make Upbit's authorization header; every part can be made wrong."""
    claims = {
        "access_key": access_key or account.access_key,
        "nonce": nonce or str(uuid.uuid4()),
    }
    token = jwt.encode(claims, secret or account.secret_key, algorithm)
    return {"Authorization": f"Bearer {token}"}


def call(
    url: str,
    method: str,
    target: str,
    headers: Mapping[str, str] | None = None,
    *,
    raw: bool = False,
) -> tuple[int, dict[str, str], Any]:
    """Make one HTTP request; return status, headers (lower case), JSON or raw body."""
    parts = urlsplit(url)
    assert parts.hostname
    connection = http.client.HTTPConnection(parts.hostname, parts.port, PATIENCE)
    try:
        connection.request(method, target, headers=dict(headers or {}))
        response = connection.getresponse()
        body = response.read()
        lower = {name.lower(): value for name, value in response.getheaders()}
        is_json = not raw and "json" in lower.get("content-type", "")
        return response.status, lower, json.loads(body) if is_json else body
    finally:
        connection.close()


def accounts(account: UpbitAccount, **wrong: Any) -> tuple[int, dict[str, str], Any]:
    """Call ``GET /v1/accounts``."""
    return call(account.context.url, "GET", "/v1/accounts", bearer(account, **wrong))


def complete_balances(account: CoinWAccount, **changed: str) -> Any:
    """Call ``returnCompleteBalances``; return its JSON, the status being 200 always."""
    query = {"command": "returnCompleteBalances", "api_key": account.api_key}
    query.update(changed)
    query.setdefault("sign", signature(query.items(), account.secret_key))
    target = "/api/v1/private?" + urlencode(query)
    status, _, body = call(account.context.url, "POST", target)
    assert status == 200
    return body


def read_balances(account: Account) -> dict[str, str]:
    """Return the available balances, read by plain HTTP."""
    if isinstance(account, UpbitAccount):
        _, _, items = accounts(account)
        return {item["currency"]: item["balance"] for item in items}
    assert isinstance(account, CoinWAccount)
    data = complete_balances(account)["data"]
    return {currency: amounts["available"] for currency, amounts in data.items()}


class Client:
    """A WebSocket client that sends JSON and returns the frames it gets."""

    def __init__(self, manager: ClientConnection) -> None:
        # What connect() returns is the connection itself, or (from websockets 17) only
        # a context manager that gives it.
        self._manager = manager
        self.connection = manager.__enter__()

    def send(self, content: Any) -> None:
        """Send JSON, or a str as it is."""
        text = content if isinstance(content, str) else json.dumps(content)
        self.connection.send(text)

    def raw(self) -> str | bytes:
        """Return the next frame: bytes if it was binary."""
        return self.connection.recv(timeout=PATIENCE)

    def receive(self) -> Any:
        """Return the next frame as JSON, numbers as their text."""
        return json.loads(self.raw(), parse_float=str)

    def ask(self, content: Any) -> Any:
        """Send, and return the next frame."""
        self.send(content)
        return self.receive()

    def until_closed(self) -> tuple[list[str | bytes], ConnectionClosed]:
        """Return every frame up to the end of the connection, and that end."""
        frames = []
        while True:
            try:
                frames.append(self.raw())
            except ConnectionClosed as closed:
                return frames, closed

    def close(self) -> None:
        """Close the connection."""
        self._manager.__exit__(None, None, None)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def client_of(url: str, **options: Any) -> Client:
    """Connect to this machine, whatever proxy its environment names."""
    place = urlsplit(url)
    sock = socket.create_connection((place.hostname, place.port), PATIENCE)
    return Client(connect(url, sock=sock, close_timeout=CLOSE_TIMEOUT, **options))


def upbit_client(account: UpbitAccount, **wrong: Any) -> Client:
    """Connect to Upbit without subscribing."""
    return client_of(account.ws_url, additional_headers=bearer(account, **wrong))


def upbit_subscriber(account: UpbitAccount, form: str | None = None) -> Client:
    """Connect to Upbit and subscribe to balances."""
    client = upbit_client(account)
    request: list[Any] = [{"ticket": "test"}, {"type": "myAsset"}]
    before = account._subscribers
    client.send(request + ([{"format": form}] if form else []))
    wait_for_another(account, before)
    return client


SUB = {"event": "sub", "params": {"biz": "exchange", "type": "assets"}}
UNSUB = {"event": "unsub", "params": {"biz": "exchange", "type": "assets"}}


def login(account: CoinWAccount, secret: str | None = None) -> dict[str, Any]:
    """Make CoinW's login message."""
    params = {"api_key": account.api_key, "passphrase": secret or account.secret_key}
    return {"event": "login", "params": params}


def coinw_client(account: CoinWAccount) -> Client:
    """Connect to CoinW without logging in."""
    return client_of(account.ws_url)


def coinw_subscriber(account: CoinWAccount) -> Client:
    """Log in at CoinW and subscribe to balances."""
    client = coinw_client(account)
    assert client.ask(login(account))["data"]["result"] is True
    before = account._subscribers
    assert client.ask(SUB)["data"]["result"] is True
    wait_for_another(account, before)
    return client


def wait_for_another(account: Account, before: Sequence[object]) -> None:
    """Wait for a subscriber that was not there; of those that were, some may leave."""
    account.context.signal.wait_for(
        lambda: any(session not in before for session in account._subscribers),
        PATIENCE,
        lambda: "no client has subscribed",
    )
