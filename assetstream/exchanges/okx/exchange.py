"""OKX: the private ``account`` channel and ``GET /api/v5/account/balance``.

One key is good for one of OKX's sites only, and there either for real or for demo
trading. The stream's login is a signed message; each REST read is signed by headers.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Literal, Mapping, NamedTuple

from assetstream.exchanges.common.key_forms import KeyForm
from assetstream.exchanges.common.regional_exchange import RegionalExchange
from assetstream.exchanges.common.signatures import base64_signature
from assetstream.exchanges.common.values import LAST_MILLISECOND, Unreadable
from assetstream.exchanges.okx.conversation import OKXConversation
from assetstream.exchanges.okx.refusals import KNOWN_KEY_CODES, explain_answer
from assetstream.exchanges.okx.rest import read_balances, read_envelope
from assetstream.model.public import make_public
from assetstream.protocol import (
    Conversation,
    Fields,
    HttpCall,
    Instant,
    Limits,
    Memory,
    Rate,
    Snapshot,
)

__all__ = ["OKX", "sign"]

Region = Literal["global", "us", "eea", "global-demo", "us-demo", "eea-demo"]

WS_PATH = "/ws/v5/private"
READ_PATH = "/api/v5/account/balance"
LOGIN_PATH = "/users/self/verify"


class Site(NamedTuple):
    """One of OKX's sites: its hosts."""

    ws: str
    rest: str
    demo: bool = False

    @property
    def urls(self) -> tuple[str, str]:
        """The URL of the WebSocket, and the base URL of REST."""
        return f"wss://{self.ws}:8443{WS_PATH}", f"https://{self.rest}"


# REST has the same host for demo trading, which is asked for by a header.
SITES: Mapping[Region, Site] = {
    "global": Site("ws.okx.com", "openapi.okx.com"),
    "us": Site("wsus.okx.com", "us.okx.com"),
    "eea": Site("wseea.okx.com", "eea.okx.com"),
    "global-demo": Site("wspap.okx.com", "openapi.okx.com", True),
    "us-demo": Site("wsuspap.okx.com", "us.okx.com", True),
    "eea-demo": Site("wseeapap.okx.com", "eea.okx.com", True),
}

# As the documents' examples are; no list of forms is published.
KEY = KeyForm(re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "UUIDs")
SECRET = KeyForm(re.compile(r"[0-9A-F]{32}"), "32 hexadecimal digits")

EPOCH = datetime(1970, 1, 1)


def sign(text: str, secret_key: str) -> str:
    """Return OKX's signature of ``text``."""
    digest = hmac.new(secret_key.encode(), text.encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def timestamp(ms: int) -> str:
    """Write a time, in milliseconds since 1970, as OKX's REST wants it."""
    # Whatever a ``Date`` made of it: a wrong time is refused, and set right.
    time = EPOCH + timedelta(milliseconds=min(max(ms, 0), LAST_MILLISECOND))
    return time.isoformat(timespec="milliseconds") + "Z"


class OKX(RegionalExchange):
    """The trading account of an OKX account, or of a sub-account.

    What may be spent of a currency is ``available``: ``availBal``, or ``availEq`` where
    the account's mode has it and it is less. ``locked`` is ``frozenBal``: open orders,
    margin, and what trading bots hold. While positions are open, both move with prices:
    pushes tell of orders, trades and transfers, audits of the rest. What lies in the
    funding account is not seen.

    Args:
        api_key: the API key; by default ``OKX_API_KEY`` of the environment.
        secret_key: its secret; by default ``OKX_SECRET_KEY``.
        passphrase: that you chose for the key; by default ``OKX_PASSPHRASE``.
        region: ``"global"``, ``"us"`` (and Australia) or ``"eea"``: the site where the
            key was made; with ``-demo`` for a key of its demo trading.
        ws_url: the whole URL of the private WebSocket, for a simulator or a gateway;
            by default ``OKX_WS_URL``, or else the exchange's own.
        rest_url: the base URL of REST, given together with ``ws_url``; by default
            ``OKX_REST_URL``, or else the exchange's own.

    Raises:
        ConfigurationError: something is missing or wrong; the text says what.
    """

    name = "okx"
    title = "OKX"
    key_names = ("api_key", "secret_key", "passphrase")
    regions = tuple(SITES)
    sites = MappingProxyType({region: site.urls for region, site in SITES.items()})
    known_key_codes = KNOWN_KEY_CODES
    proof = "OKX's acknowledgements of login and subscription"
    silence = (
        "OKX pushes only when the trading account changes; what is in the funding "
        "account is another matter."
    )
    negative_amounts = True
    # The wallet's time orders pushes, and so does the time of a currency's last change.
    serial_keys = True
    fields = Fields(
        amounts=("availBal", "availEq", "frozenBal", "ordFrozen", "cashBal", "eq"),
        times=("uTime",),
        seconds=("timestamp",),
        currencies=("ccy",),
        kinds=("event", "op", "channel", "eventType"),
        codes=("code",),
        texts=("msg",),
    )
    forms = MappingProxyType({"api_key": KEY, "secret_key": SECRET})
    # HMAC-SHA256 in base64: good for half a minute.
    secret_patterns = (base64_signature(43, 1),)
    # All read in OKX's documents, none measured: 3 connects a second by address, 10
    # reads in 2 s by account, and a cut after 30 s in which neither side said anything.
    # No push is promised for what prices and interest change, hence the close audits.
    limits = Limits(
        connects=Rate(1, 1.0),
        reads=Rate(10, 2.0),
        ping_interval=20.0,
        pong_timeout=10.0,
        audit_interval=30.0,
        connects_together=Rate(3, 1.0),
        # Counted by account; this is one account's, so that no address stands out.
        reads_together=Rate(10, 2.0),
    )

    region: Region

    def __init__(
        self,
        api_key: str | None = None,
        secret_key: str | None = None,
        passphrase: str | None = None,
        *,
        # Written out: what they may be is shown by help() and notebooks, too.
        region: Literal["global", "us", "eea", "global-demo", "us-demo", "eea-demo"],
        ws_url: str | None = None,
        rest_url: str | None = None,
    ) -> None:
        keys = {
            "api_key": api_key,
            "secret_key": secret_key,
            "passphrase": passphrase,
        }
        self._keep(**self._read_options(region, ws_url, rest_url, **keys))

    def conversation(self, memory: Memory) -> Conversation:
        return OKXConversation(self, self.login)

    def login(self, ms: int) -> dict[str, str]:
        """Return what proves who logs in; good for 30 s from ``ms``, since 1970."""
        seconds = str(ms // 1000)
        secret = self.credentials["secret_key"]
        return {
            "apiKey": self.credentials["api_key"],
            "passphrase": self.credentials["passphrase"],
            "timestamp": seconds,
            "sign": sign(f"{seconds}GET{LOGIN_PATH}", secret),
        }

    def read(self, instant: Instant, nonce: str) -> HttpCall:
        time = timestamp(instant.ms)
        # The exchange's path, whatever stands before it in a gateway's URL.
        signature = sign(f"{time}GET{READ_PATH}", self.credentials["secret_key"])
        headers = {
            "Accept": "application/json",
            "OK-ACCESS-KEY": self.credentials["api_key"],
            "OK-ACCESS-SIGN": signature,
            "OK-ACCESS-TIMESTAMP": time,
            "OK-ACCESS-PASSPHRASE": self.credentials["passphrase"],
        }
        if SITES[self.region].demo:
            headers["x-simulated-trading"] = "1"
        return HttpCall("GET", f"{self.rest_url}{READ_PATH}", headers)

    def read_replied(
        self, status: int, headers: Mapping[str, str], body: bytes
    ) -> Snapshot:
        reply = read_envelope(body)
        if reply is None or status != 200 or not reply.good:
            raise explain_answer(self, status, headers, body, "reading the balances")
        try:
            return read_balances(reply)
        except Unreadable as exc:
            raise self.unreadable(str(exc), body) from None


make_public(OKX)
