"""Upbit: the private ``myAsset`` stream and ``GET /v1/accounts``.

One key is good for one region only, and each region has its own host. There is no login
message: every handshake and every REST read carries a fresh JWT of its own.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import Literal, Mapping

from assetstream.exchanges.common.key_forms import KeyForm
from assetstream.exchanges.common.options import check_choice
from assetstream.exchanges.common.regional_exchange import RegionalExchange
from assetstream.exchanges.common.token_exchange import TokenExchange
from assetstream.exchanges.upbit.conversation import UpbitConversation
from assetstream.exchanges.upbit.frames import FORMATS, Format
from assetstream.exchanges.upbit.refusals import ERRORS, KNOWN_KEY_CODES
from assetstream.exchanges.upbit.rest import read_balances
from assetstream.model.public import make_public
from assetstream.protocol import (
    Conversation,
    Exchange,
    Fields,
    Instant,
    Limits,
    Memory,
    Rate,
)

__all__ = ["Region", "Upbit"]

Region = Literal["sg", "id", "th", "kr"]
Algorithm = Literal["HS256", "HS512"]

WS_PATH = "/websocket/v1/private"
HOSTS: Mapping[Region, str] = {
    "sg": "sg-api.upbit.com",
    "id": "id-api.upbit.com",
    "th": "th-api.upbit.com",
    "kr": "api.upbit.com",
}
ALGORITHMS: tuple[Algorithm, ...] = ("HS256", "HS512")

KEY = KeyForm(re.compile(r"[0-9A-Za-z]{40}"), "40 letters and digits", sure=True)


class Upbit(RegionalExchange, TokenExchange):
    """An Upbit account in one region.

    Of a push, ``balance`` is available, ``locked`` locked, ``asset_timestamp`` the time
    and ``asset_uuid`` the ``update_id``, whose scope Upbit does not state. An account
    in Korea with several pockets is one key, and one stream, for each of them.

    Args:
        access_key: the API key; by default ``UPBIT_ACCESS_KEY`` of the environment.
        secret_key: its secret; by default ``UPBIT_SECRET_KEY``.
        region: ``"sg"``, ``"id"``, ``"th"`` or ``"kr"``: where the key was made.
        format: how the exchange spells its frames: ``"DEFAULT"``, ``"SIMPLE"``,
            ``"JSON_LIST"`` or ``"SIMPLE_LIST"``. Updates are the same with each.
        algorithm: of the token: ``"HS256"``, which every region takes, or ``"HS512"``.
        ws_url: the whole URL of the private WebSocket, for a simulator or a gateway;
            by default ``UPBIT_WS_URL``, or else the exchange's own.
        rest_url: the base URL of REST, given together with ``ws_url``; by default
            ``UPBIT_REST_URL``, or else the exchange's own.

    Raises:
        ConfigurationError: something is missing or wrong; the text says what.
    """

    name = "upbit"
    title = "Upbit"
    errors = ERRORS
    _read_balances = staticmethod(read_balances)
    key_names = ("access_key", "secret_key")
    regions = tuple(HOSTS)
    sites = MappingProxyType(
        {
            region: (f"wss://{host}{WS_PATH}", f"https://{host}")
            for region, host in HOSTS.items()
        }
    )
    known_key_codes = KNOWN_KEY_CODES
    proof = "Upbit's list of subscriptions"
    silence = (
        "Upbit pushes only when a balance changes, and perhaps nothing for several "
        "minutes to the first connection that an account ever makes: if changes stay "
        "away, start the stream again after 5 minutes. REST finds them meanwhile."
    )
    pushes_everything = True
    fields = Fields(
        amounts=("balance", "b", "locked", "l"),
        prices=("avg_buy_price",),
        times=("asset_timestamp", "asttms", "timestamp", "tms"),
        currencies=("currency", "cu", "unit_currency", "codes", "cds"),
        kinds=(
            *("type", "ty", "stream_type", "st", "status", "method", "mthd"),
            "format",
        ),
        texts=("message",),
    )
    forms = MappingProxyType({"access_key": KEY, "secret_key": KEY})
    # 5 connects a second are allowed, but to all programs of an account together: a
    # stream takes a fifth, so that five that lost one network do not lock each other
    # out. A silent connection is dropped after 60 s (measured; documented: 120 s).
    limits = Limits(
        connects=Rate(1, 1.0),
        reads=Rate(30, 1.0),
        ping_interval=20.0,
        pong_timeout=10.0,
        audit_interval=60.0,
        # Counted by account or, in Korea, by pocket; if not by address, this is safe.
        connects_together=Rate(5, 1.0),
        # Counted by account; this is one account's, so that no address stands out.
        reads_together=Rate(30, 1.0),
    )

    region: Region
    format: Format
    algorithm: Algorithm

    def __init__(
        self,
        access_key: str | None = None,
        secret_key: str | None = None,
        *,
        # Written out: what they may be is shown by help() and notebooks, too.
        region: Literal["sg", "id", "th", "kr"],
        format: Literal["DEFAULT", "SIMPLE", "JSON_LIST", "SIMPLE_LIST"] = "DEFAULT",
        algorithm: Literal["HS256", "HS512"] = "HS256",
        ws_url: str | None = None,
        rest_url: str | None = None,
    ) -> None:
        check_choice(format, "format", FORMATS, self)
        check_choice(algorithm, "algorithm", ALGORITHMS, self)
        keys = {"access_key": access_key, "secret_key": secret_key}
        options = self._read_options(region, ws_url, rest_url, **keys)
        self._keep(format=format, algorithm=algorithm, **options)

    def conversation(self, memory: Memory) -> Conversation:
        return UpbitConversation(self, memory, self.format)

    def authorization(self, instant: Instant, nonce: str) -> Mapping[str, str]:
        return self._bearer(nonce=nonce)

    def elsewhere(self) -> Mapping[str, Exchange]:
        return self._at_other_sites(algorithm=self.algorithm)


make_public(Upbit)
