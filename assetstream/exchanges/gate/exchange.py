"""Gate spot: the signed ``spot.balances`` channel and ``GET /spot/accounts``.

There is no login: the subscription itself is signed, with its time, and so is each REST
read. Either signature is as good as a password for a minute, so signatures are redacted
as keys are.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from types import MappingProxyType
from typing import Literal, Mapping

from assetstream.exchanges.common.key_forms import KeyForm
from assetstream.exchanges.common.regional_exchange import RegionalExchange
from assetstream.exchanges.common.signatures import hex_signature
from assetstream.exchanges.common.values import Unreadable
from assetstream.exchanges.gate.conversation import GateConversation
from assetstream.exchanges.gate.refusals import KNOWN_KEY_CODES, explain_answer
from assetstream.exchanges.gate.rest import read_balances
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

__all__ = ["READ_PATH", "Gate", "Region", "read_text", "sign"]

Region = Literal["global", "testnet"]

READ_PATH = "/api/v4/spot/accounts"
#: By region: the URL of the WebSocket, and the base URL of REST.
URLS: Mapping[str, tuple[str, str]] = {
    "global": ("wss://api.gateio.ws/ws/v4/", "https://api.gateio.ws"),
    "testnet": (
        "wss://ws-testnet.gate.com/v4/ws/spot",
        "https://api-testnet.gateapi.io",
    ),
}
NO_BODY = hashlib.sha512().hexdigest()

# As the keys of public examples are; no list of forms is published.
KEY = KeyForm(re.compile(r"[0-9a-f]{32}"), "32 hexadecimal digits")
SECRET = KeyForm(re.compile(r"[0-9a-f]{64}"), "64 hexadecimal digits")


def sign(text: str, secret_key: str) -> str:
    """Return Gate's signature over ``text``."""
    return hmac.new(secret_key.encode(), text.encode(), hashlib.sha512).hexdigest()


def read_text(seconds: str) -> str:
    """Return the text that is signed for a read at that time, since 1970."""
    return f"GET\n{READ_PATH}\n\n{NO_BODY}\n{seconds}"


class Gate(RegionalExchange):
    """The spot account of a Gate account.

    ``available`` is what Gate says can be used, ``locked`` what it calls ``freeze`` in
    pushes and ``locked`` in REST: open orders and withdrawals. Gate's own ``total`` is
    not used: it may have more in it than the two. Margin, futures, funding and unified
    accounts are not seen.

    Args:
        api_key: the API key, of version 4; by default ``GATE_API_KEY`` of the
            environment.
        secret_key: its secret; by default ``GATE_SECRET_KEY``.
        region: ``"global"`` is www.gate.com, ``"testnet"`` its test network, whose keys
            are others.
        ws_url: the whole URL of the WebSocket, for a simulator or a gateway; by
            default ``GATE_WS_URL``, or else the exchange's own.
        rest_url: the base URL of REST, without ``/api/v4``, given together with
            ``ws_url``; by default ``GATE_REST_URL``, or else the exchange's own.

    Raises:
        ConfigurationError: something is missing or wrong; the text says what.
    """

    name = "gate"
    title = "Gate"
    key_names = ("api_key", "secret_key")
    regions = tuple(URLS)
    sites = URLS
    known_key_codes = KNOWN_KEY_CODES
    proof = "Gate's acknowledgement of the subscription"
    silence = (
        "Gate pushes only when the spot account changes, and nothing at the "
        "subscription; what is in other accounts is another matter."
    )
    fields = Fields(
        amounts=("available", "freeze", "locked", "total", "change", "freeze_change"),
        times=("timestamp_ms", "time_ms"),
        seconds=("timestamp", "time"),
        currencies=("currency",),
        kinds=("channel", "event", "status", "type", "change_type", "label"),
        codes=("code",),
        texts=("message", "msg"),
    )
    forms = MappingProxyType({"api_key": KEY, "secret_key": SECRET})
    secret_patterns = (hex_signature(128),)
    # 200 reads in 10 s and account (read by others in Gate's documents). No limit of
    # connects is published; a maintainer advised at most 100 connections by address,
    # and one connect a second suits exchanges that publish theirs. The official SDK
    # pings each 5 s, its example each 10 s; a connection without a subscription is
    # dropped after 30 s (measured by others). No push is promised for every change,
    # hence the close audits.
    limits = Limits(
        connects=Rate(1, 1.0),
        reads=Rate(200, 10.0),
        ping_interval=10.0,
        pong_timeout=5.0,
        audit_interval=30.0,
        connects_together=Rate(2, 1.0),
        # Counted by account; this is one account's, so that no address stands out.
        reads_together=Rate(200, 10.0),
    )

    region: Region

    def __init__(
        self,
        api_key: str | None = None,
        secret_key: str | None = None,
        *,
        # Written out: what it may be is shown by help() and notebooks, too.
        region: Literal["global", "testnet"],
        ws_url: str | None = None,
        rest_url: str | None = None,
    ) -> None:
        keys = {"api_key": api_key, "secret_key": secret_key}
        self._keep(**self._read_options(region, ws_url, rest_url, **keys))

    def conversation(self, memory: Memory) -> Conversation:
        return GateConversation(self, self.signature)

    def signature(self, text: str) -> str:
        """Return the signature over ``text``."""
        return sign(text, self.credentials["secret_key"])

    def read(self, instant: Instant, nonce: str) -> HttpCall:
        # No nonce: the time of the request is what is fresh in it.
        seconds = str(instant.ms // 1000)
        headers = {
            "Accept": "application/json",
            "KEY": self.credentials["api_key"],
            "Timestamp": seconds,
            # The exchange's path, whatever stands before it in a gateway's URL.
            "SIGN": self.signature(read_text(seconds)),
        }
        return HttpCall("GET", f"{self.rest_url}{READ_PATH}", headers)

    def read_replied(
        self, status: int, headers: Mapping[str, str], body: bytes
    ) -> Snapshot:
        if status == 200:
            try:
                return read_balances(body)
            except Unreadable:
                pass  # perhaps an error in Gate's own words
        raise explain_answer(self, status, headers, body, "reading the balances")


make_public(Gate)
