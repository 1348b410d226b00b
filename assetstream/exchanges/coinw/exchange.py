"""CoinW spot: the private ``assets`` stream and ``returnCompleteBalances``.

The stream's login is a message that carries key and secret in clear inside TLS. A REST
request is signed with MD5 over its parameters, without a time: the whole URL is as good
as a password, so the signature is one of the credentials.
"""

from __future__ import annotations

import hashlib
import re
from types import MappingProxyType
from typing import Mapping
from urllib.parse import urlencode

from assetstream.exchanges.coinw.conversation import CoinWConversation
from assetstream.exchanges.coinw.refusals import explain_answer
from assetstream.exchanges.coinw.rest import read_balances, read_envelope
from assetstream.exchanges.common.exchange import KeyedExchange
from assetstream.exchanges.common.key_forms import KeyForm
from assetstream.exchanges.common.options import check_origin, read_options
from assetstream.exchanges.common.values import Unreadable
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

__all__ = ["CoinW", "sign"]

DEFAULTS = "wss://ws.futurescw.com", "https://api.coinw.com"
# As the documents' examples are; no list of forms is published.
KEY = KeyForm(
    re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"), "UUIDs"
)


def sign(parameters: Mapping[str, str], secret_key: str) -> str:
    """Return CoinW's signature over ``parameters``, ``command`` not among them."""
    # Raw values, not percent-encoded: CoinW signs what it decoded from the URL.
    pairs = [f"{name}={parameters[name]}" for name in sorted(parameters)]
    text = "&".join([*pairs, f"secret_key={secret_key}"])
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest().upper()


class CoinW(KeyedExchange):
    """A CoinW spot account.

    Of a push, ``available`` is available, ``hold`` (by REST ``onOrders``) locked,
    ``time`` the time and ``ledger_id`` the ``update_id``.

    Args:
        api_key: the API key; by default ``COINW_API_KEY`` of the environment.
        secret_key: its secret; by default ``COINW_SECRET_KEY``.
        ws_url: the whole URL of the WebSocket, for a simulator or a gateway;
            by default ``COINW_WS_URL``, or else the exchange's own.
        rest_url: the base URL of REST, given together with ``ws_url``; by default
            ``COINW_REST_URL``, or else the exchange's own.
        origin: the Origin header of the handshake, without which CoinW's firewall
            answers 403 from some networks; None: no such header.

    Raises:
        ConfigurationError: something is missing or wrong; the text says what.
    """

    name = "coinw"
    title = "CoinW"
    key_names = ("api_key", "secret_key")
    proof = "CoinW's acknowledgements of login and subscription"
    silence = (
        "CoinW pushes for orders that are placed from now on; deposits, withdrawals "
        "and older orders may never be pushed. REST finds them."
    )
    serial_keys = True
    fields = Fields(
        amounts=("available", "hold", "onOrders"),
        times=("time",),
        ordered=("ledger_id",),
        currencies=("currency", "pairCode"),
        kinds=("type", "event", "biz", "channel", "command", "account", "status"),
        codes=("code", "errorCode"),
        texts=("message", "msg", "errorMsg", "errorMessage"),
    )
    forms = MappingProxyType({"api_key": KEY})
    # 5 reads in 2 s are allowed. No limit of connects is published; one a second suits
    # exchanges that publish theirs. A ping is advised each 10 s, a silent connection is
    # dropped after 60 s. Deposits may never be pushed, hence the closer audits.
    limits = Limits(
        connects=Rate(1, 1.0),
        reads=Rate(5, 2.0),
        ping_interval=10.0,
        pong_timeout=5.0,
        audit_interval=30.0,
        audit_interval_locked=15.0,
        # Connects are not documented; REST warns of 80 requests in 10 s by address.
        connects_together=Rate(2, 1.0),
        reads_together=Rate(70, 10.0),
    )

    origin: str | None

    def __init__(
        self,
        api_key: str | None = None,
        secret_key: str | None = None,
        *,
        ws_url: str | None = None,
        rest_url: str | None = None,
        origin: str | None = "https://www.coinw.com",
    ) -> None:
        options = read_options(
            self, DEFAULTS, ws_url, rest_url, api_key=api_key, secret_key=secret_key
        )
        keys = options["credentials"]
        signature = sign({"api_key": keys["api_key"]}, keys["secret_key"])
        options["credentials"] = MappingProxyType({**keys, "signature": signature})
        self._keep(**options, origin=check_origin(origin, self))

    @property
    def placeholders(self) -> Mapping[str, str]:
        """The texts for the names in braces in remedies and hints."""
        return {**super().placeholders, "origin": str(self.origin)}

    def conversation(self, memory: Memory) -> Conversation:
        return CoinWConversation(self, self.origin)

    def read(self, instant: Instant, nonce: str) -> HttpCall:
        # No nonce: the protocol has no place for one.
        query = urlencode(
            {
                "command": "returnCompleteBalances",
                "api_key": self.credentials["api_key"],
                "sign": self.credentials["signature"],
            }
        )
        headers = {"Content-type": "application/json", "Accept": "application/json"}
        return HttpCall("POST", f"{self.rest_url}/api/v1/private?{query}", headers)

    def read_replied(
        self, status: int, headers: Mapping[str, str], body: bytes
    ) -> Snapshot:
        reply = read_envelope(body)
        if reply is None or status not in (200, 201) or not reply.good:
            raise explain_answer(self, status, headers, body, "reading the balances")
        try:
            return read_balances(reply)
        except Unreadable as exc:
            raise self.unreadable(str(exc), body) from None


make_public(CoinW)
