"""Korbit: the private ``myAsset`` stream of Open API v2, and ``GET /v2/balance``.

There is no login message: the query of every handshake and of every REST read is
signed with its time. A signature is as good as a password for a few seconds, so
signatures are redacted as keys are.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Mapping

from assetstream.exchanges.common.exchange import KeyedExchange
from assetstream.exchanges.common.options import read_options
from assetstream.exchanges.common.signatures import hex_signature
from assetstream.exchanges.common.values import Unreadable
from assetstream.exchanges.korbit.conversation import KorbitConversation
from assetstream.exchanges.korbit.refusals import explain_answer
from assetstream.exchanges.korbit.rest import read_balances
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

__all__ = ["READ_PATH", "RECV_WINDOW", "WS_PATH", "Korbit", "sign"]

WS_PATH = "/v2/private"
READ_PATH = "/v2/balance"
# Korbit is called Digital X since 2026; its former hosts, of korbit.co.kr, are said to
# answer still.
URLS = (
    f"wss://ws-api.digitalx.miraeasset.com{WS_PATH}",
    "https://api.digitalx.miraeasset.com",
)
#: Milliseconds that a request may be old when it arrives; 5,000 if it does not say. Our
#: idea of Korbit's time may be a second or two behind, and a request takes its time.
RECV_WINDOW = 10_000


def sign(text: str, secret_key: str) -> str:
    """Return Korbit's signature over ``text``."""
    return hmac.new(secret_key.encode(), text.encode(), hashlib.sha256).hexdigest()


class Korbit(KeyedExchange):
    """A Korbit account; Korbit is called Digital X (Mirae Asset) since 2026.

    It is the main account, number 1: what is in sub-accounts is left out. ``available``
    is available; ``tradeInUse`` and ``withdrawalInUse`` together are locked.

    Args:
        api_key: the API key; by default ``KORBIT_API_KEY`` of the environment. It must
            be of the type HMAC-SHA256, not of an Ed25519 pair of your own.
        secret_key: its secret; by default ``KORBIT_SECRET_KEY``.
        ws_url: the whole URL of the private WebSocket, for a simulator or a gateway;
            by default ``KORBIT_WS_URL``, or else the exchange's own.
        rest_url: the base URL of REST, given together with ``ws_url``; by default
            ``KORBIT_REST_URL``, or else the exchange's own.

    Raises:
        ConfigurationError: something is missing or wrong; the text says what.
    """

    name = "korbit"
    title = "Korbit"
    key_names = ("api_key", "secret_key")
    proof = "Korbit's acknowledgement of the subscription"
    silence = (
        "Korbit pushes only when a balance of the main account changes, and nothing at "
        "the subscription; sub-accounts are other accounts."
    )
    fields = Fields(
        amounts=("available", "tradeInUse", "withdrawalInUse", "balance"),
        prices=("avgPrice",),
        times=("updatedAt", "timestamp"),
        currencies=("currency",),
        kinds=("channelType", "status", "method", "type", "code"),
        codes=("requestId", "accountSeq", "accountSeqs"),
        texts=("message",),
    )
    secret_patterns = (hex_signature(64),)
    # From the documents: 50 reads a second and account, of which this leaves half to
    # others; no limit of connects is published, and one a second suits exchanges that
    # publish theirs. Pings of ours are answered (measured by others at the public
    # socket, as were Korbit's own, each 30 s). That every change is pushed is not
    # promised, hence the close audits.
    limits = Limits(
        connects=Rate(1, 1.0),
        reads=Rate(5, 1.0),
        ping_interval=20.0,
        pong_timeout=10.0,
        audit_interval=30.0,
        connects_together=Rate(2, 1.0),
        reads_together=Rate(25, 1.0),
    )

    def __init__(
        self,
        api_key: str | None = None,
        secret_key: str | None = None,
        *,
        ws_url: str | None = None,
        rest_url: str | None = None,
    ) -> None:
        options = read_options(
            self, URLS, ws_url, rest_url, api_key=api_key, secret_key=secret_key
        )
        self._keep(**options)

    def conversation(self, memory: Memory) -> Conversation:
        return KorbitConversation(self, self.query)

    def query(self, instant: Instant) -> str:
        """Return the signed query of a request at ``instant``."""
        text = f"timestamp={instant.ms}&recvWindow={RECV_WINDOW}"
        return f"{text}&signature={sign(text, self.credentials['secret_key'])}"

    def read(self, instant: Instant, nonce: str) -> HttpCall:
        # No nonce: the time of the request is what is fresh in it.
        headers = {
            "Accept": "application/json",
            "X-KAPI-KEY": self.credentials["api_key"],
        }
        url = f"{self.rest_url}{READ_PATH}?{self.query(instant)}"
        return HttpCall("GET", url, headers)

    def read_replied(
        self, status: int, headers: Mapping[str, str], body: bytes
    ) -> Snapshot:
        if status == 200:
            try:
                return read_balances(body)
            except Unreadable:
                pass  # perhaps an error in Korbit's own words
        raise explain_answer(self, status, headers, body, "reading the balances")


make_public(Korbit)
