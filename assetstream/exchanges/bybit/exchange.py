"""Bybit v5: the ``wallet`` topic of a unified account and ``wallet-balance``.

The login is a message with an HMAC signature over the moment at which it expires; each
REST read is signed with its time. Either signature is as good as a password for a few
seconds, so signatures are redacted as keys are.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from types import MappingProxyType
from typing import Literal, Mapping

from assetstream.exchanges.bybit.conversation import BybitConversation
from assetstream.exchanges.bybit.refusals import KNOWN_KEY_CODES, explain_answer
from assetstream.exchanges.bybit.rest import read_balances, read_envelope
from assetstream.exchanges.common.key_forms import KeyForm
from assetstream.exchanges.common.regional_exchange import RegionalExchange
from assetstream.exchanges.common.signatures import hex_signature
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

__all__ = ["Bybit", "Region", "sign"]

Region = Literal["global", "eu", "tr", "kz", "ge", "id", "jp", "testnet", "demo"]

WS_PATH = "/v5/private"
QUERY = "accountType=UNIFIED"
#: By region: the hosts of the WebSocket and of REST.
HOSTS: Mapping[Region, tuple[str, str]] = {
    "global": ("stream.bybit.com", "api.bybit.com"),
    "eu": ("stream.bybit.eu", "api.bybit.eu"),
    "tr": ("stream.bybit.tr", "api.bybit.tr"),
    "kz": ("stream.bybit.kz", "api.bybit.kz"),
    "ge": ("stream.bybitgeorgia.ge", "api.bybitgeorgia.ge"),
    "id": ("stream.bybit.id", "api.bybit.id"),
    "jp": ("stream.manepa.jp", "api.manepa.jp"),
    "testnet": ("stream-testnet.bybit.com", "api-testnet.bybit.com"),
    "demo": ("stream-demo.bybit.com", "api-demo.bybit.com"),
}
#: Milliseconds that a read may be old when it arrives; 5,000 if it does not say. Our
#: idea of Bybit's time may be a second or two behind, and a request takes its time.
RECV_WINDOW = "10000"

# As the documents' placeholders and the keys of public reports are; no list of forms is
# published.
KEY = KeyForm(re.compile(r"[0-9A-Za-z]{18}"), "18 letters and digits")
SECRET = KeyForm(re.compile(r"[0-9A-Za-z]{36}"), "36 letters and digits")


def sign(text: str, secret_key: str) -> str:
    """Return Bybit's signature over ``text``."""
    return hmac.new(secret_key.encode(), text.encode(), hashlib.sha256).hexdigest()


class Bybit(RegionalExchange):
    """A Bybit unified trading account; its Funding account is another one.

    ``available`` is never more than can be spent on the spot market without borrowing.
    It is Bybit's ``walletBalance``, less what is borrowed (``spotBorrow``), less
    ``locked``. ``locked`` is what spot orders hold, with ``bonus``, and with the margin
    of derivatives (``totalOrderIM`` and ``totalPositionIM``) in isolated margin. In
    cross and portfolio margin that margin moves with every price, and nothing is pushed
    for it: while there is any, all of the coin counts as locked; in portfolio margin,
    where Bybit does not say of which coin it is, all of every coin.

    So the total is what is owned: below zero where more is owed than held. Available is
    below zero, too, where more is held as margin than there is.

    Args:
        api_key: the API key; by default ``BYBIT_API_KEY`` of the environment. Keys that
            Bybit generated (HMAC), not those of one's own RSA pair.
        secret_key: its secret; by default ``BYBIT_SECRET_KEY``.
        region: the site that the key was made on: ``"global"`` is www.bybit.com,
            ``"testnet"`` testnet.bybit.com, ``"demo"`` the demo trading of
            www.bybit.com; the others are the sites of a country or of the EU.
        ws_url: the whole URL of the private WebSocket, for a simulator or a gateway;
            by default ``BYBIT_WS_URL``, or else the exchange's own.
        rest_url: the base URL of REST, given together with ``ws_url``; by default
            ``BYBIT_REST_URL``, or else the exchange's own.

    Raises:
        ConfigurationError: something is missing or wrong; the text says what.
    """

    name = "bybit"
    title = "Bybit"
    key_names = ("api_key", "secret_key")
    regions = tuple(HOSTS)
    sites = MappingProxyType(
        {
            region: (f"wss://{ws}{WS_PATH}", f"https://{rest}")
            for region, (ws, rest) in HOSTS.items()
        }
    )
    known_key_codes = KNOWN_KEY_CODES
    proof = "Bybit's acknowledgements of login and subscription"
    silence = (
        "Bybit pushes only when the unified account's wallet changes, and nothing at "
        "the subscription; the Funding account, where deposits may arrive, is another "
        "one."
    )
    negative_amounts = True
    fields = Fields(
        amounts=(
            *("walletBalance", "locked", "spotBorrow", "bonus"),
            *("totalOrderIM", "totalPositionIM", "totalPositionMM"),
            *("equity", "borrowAmount", "accruedInterest", "availableToWithdraw"),
            *("unrealisedPnl", "cumRealisedPnl", "spotHedgingQty"),
        ),
        prices=(
            *("totalInitialMargin", "totalInitialMarginByMp", "totalMaintenanceMargin"),
            *("totalMaintenanceMarginByMp", "totalEquity", "totalWalletBalance"),
            *("totalMarginBalance", "totalAvailableBalance", "totalPerpUPL"),
            *("accountIMRate", "accountMMRate", "usdValue"),
        ),
        times=("creationTime", "time"),
        currencies=("coin",),
        kinds=("topic", "op", "accountType", "type"),
        codes=("retCode", "ret_code"),
        texts=("retMsg", "ret_msg"),
    )
    forms = MappingProxyType({"api_key": KEY, "secret_key": SECRET})
    secret_patterns = (hex_signature(64),)
    # From the documents: 500 connects in 5 minutes and host, 50 reads a second and
    # account, 600 requests in 5 s and address, of which others are left some: whoever
    # passes that is shut out for 10 minutes. A ping is advised each 20 s; a connection
    # without one is cut after 10 minutes. Wallets are pushed "in real time", with no
    # promise of every change, hence the closer audits.
    limits = Limits(
        connects=Rate(1, 1.0),
        reads=Rate(50, 1.0),
        ping_interval=20.0,
        pong_timeout=10.0,
        audit_interval=30.0,
        connects_together=Rate(500, 300.0),
        reads_together=Rate(500, 5.0),
    )

    region: Region

    def __init__(
        self,
        api_key: str | None = None,
        secret_key: str | None = None,
        *,
        # Written out: what it may be is shown by help() and notebooks, too.
        region: Literal[
            "global", "eu", "tr", "kz", "ge", "id", "jp", "testnet", "demo"
        ],
        ws_url: str | None = None,
        rest_url: str | None = None,
    ) -> None:
        keys = {"api_key": api_key, "secret_key": secret_key}
        self._keep(**self._read_options(region, ws_url, rest_url, **keys))

    def conversation(self, memory: Memory) -> Conversation:
        return BybitConversation(self, memory, self.signature)

    def signature(self, text: str) -> str:
        """Return the signature over ``text``."""
        return sign(text, self.credentials["secret_key"])

    def read(self, instant: Instant, nonce: str) -> HttpCall:
        # No nonce: the time of the request is what is fresh in it.
        key, time = self.credentials["api_key"], str(instant.ms)
        headers = {
            "Accept": "application/json",
            "X-BAPI-API-KEY": key,
            "X-BAPI-TIMESTAMP": time,
            "X-BAPI-RECV-WINDOW": RECV_WINDOW,
            "X-BAPI-SIGN": self.signature(f"{time}{key}{RECV_WINDOW}{QUERY}"),
        }
        url = f"{self.rest_url}/v5/account/wallet-balance?{QUERY}"
        return HttpCall("GET", url, headers)

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


make_public(Bybit)
