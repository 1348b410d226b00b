"""Bithumb: the private ``myAsset`` stream of API 2.0, and ``GET /v1/accounts``.

There is no login message: every handshake and every REST read carries a fresh JWT of
its own, which says the time.
"""

from __future__ import annotations

from typing import Mapping

from assetstream.exchanges.bithumb.conversation import BithumbConversation
from assetstream.exchanges.bithumb.refusals import ERRORS
from assetstream.exchanges.bithumb.rest import read_balances
from assetstream.exchanges.common.options import read_options
from assetstream.exchanges.common.token_exchange import TokenExchange
from assetstream.model.public import make_public
from assetstream.protocol import (
    Conversation,
    Fields,
    Instant,
    Limits,
    Memory,
    Rate,
)

__all__ = ["Bithumb"]

# The first version of the private socket was closed in October 2026.
URLS = "wss://ws-api.bithumb.com/websocket/v2/private", "https://api.bithumb.com"


class Bithumb(TokenExchange):
    """A Bithumb account, by a key of API 2.0.

    What is available is what Bithumb says can be ordered with (주문가능 수량), by push
    and by REST; what orders and withdrawals hold is locked.

    Args:
        access_key: the API key; by default ``BITHUMB_ACCESS_KEY`` of the environment.
        secret_key: its secret; by default ``BITHUMB_SECRET_KEY``.
        ws_url: the whole URL of the private WebSocket, for a simulator or a gateway;
            by default ``BITHUMB_WS_URL``, or else the exchange's own.
        rest_url: the base URL of REST, given together with ``ws_url``; by default
            ``BITHUMB_REST_URL``, or else the exchange's own.

    Raises:
        ConfigurationError: something is missing or wrong; the text says what.
    """

    name = "bithumb"
    title = "Bithumb"
    errors = ERRORS
    _read_balances = staticmethod(read_balances)
    key_names = ("access_key", "secret_key")
    silence = (
        "Bithumb pushes only when a balance changes, and does not say that it pushes "
        "every change. REST finds the others."
    )
    fields = Fields(
        amounts=("balance", "b", "locked", "l"),
        prices=("avg_buy_price",),
        times=("asset_timestamp", "asttms", "timestamp", "tms"),
        currencies=("currency", "cu", "unit_currency", "codes", "cds"),
        kinds=("type", "ty", "stream_type", "st", "status", "format"),
        texts=("message",),
    )
    algorithm = "HS256"
    # From the documents: 10 connects a second by address, and who goes on beyond them
    # is locked out for 10 minutes; 140 private reads a second by address. Other
    # programs may have the same address, so a place takes half. A silent connection is
    # dropped after 60 s (measured at the public socket; documented: 120 s).
    limits = Limits(
        connects=Rate(1, 1.0),
        reads=Rate(10, 1.0),
        ping_interval=20.0,
        pong_timeout=10.0,
        audit_interval=30.0,
        connects_together=Rate(5, 1.0),
        reads_together=Rate(70, 1.0),
    )

    def __init__(
        self,
        access_key: str | None = None,
        secret_key: str | None = None,
        *,
        ws_url: str | None = None,
        rest_url: str | None = None,
    ) -> None:
        options = read_options(
            self, URLS, ws_url, rest_url, access_key=access_key, secret_key=secret_key
        )
        self._keep(**options)

    def conversation(self, memory: Memory) -> Conversation:
        return BithumbConversation(self)

    def authorization(self, instant: Instant, nonce: str) -> Mapping[str, str]:
        return self._bearer(nonce=nonce, timestamp=instant.ms)


make_public(Bithumb)
