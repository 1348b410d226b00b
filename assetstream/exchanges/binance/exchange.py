"""Binance spot: the user data stream of the WebSocket API and ``GET /api/v3/account``.

A subscription is one message, signed with its time as every REST read is, by HMAC or
with an Ed25519 key. A signature is as good as a password for a few seconds, so
signatures are redacted as keys are.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from types import MappingProxyType
from typing import Callable, Literal, Mapping
from urllib.parse import urlencode

from assetstream.exchanges.binance.conversation import RECV_WINDOW, BinanceConversation
from assetstream.exchanges.binance.refusals import KNOWN_KEY_CODES, explain_answer
from assetstream.exchanges.binance.rest import read_balances
from assetstream.exchanges.common.key_forms import KeyForm
from assetstream.exchanges.common.private_keys import (
    Ed25519Signer,
    is_installed,
    one_line,
    private_key,
)
from assetstream.exchanges.common.regional_exchange import RegionalExchange
from assetstream.exchanges.common.signatures import base64_signature, hex_signature
from assetstream.exchanges.common.values import Unreadable
from assetstream.libraries import install_command
from assetstream.model.errors import ConfigurationError
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

__all__ = ["Binance", "Region", "hmac_signature"]

Region = Literal["global", "testnet", "demo"]

WS_PATH = "/ws-api/v3"
#: By region: the hosts of the WebSocket API and of REST.
HOSTS: Mapping[Region, tuple[str, str]] = {
    "global": ("ws-api.binance.com", "api.binance.com"),
    "testnet": ("ws-api.testnet.binance.vision", "testnet.binance.vision"),
    "demo": ("demo-ws-api.binance.com", "demo-api.binance.com"),
}
# As the documents' examples are; no list of forms is published.
KEY = KeyForm(re.compile(r"[0-9A-Za-z]{64}"), "64 letters and digits")


def hmac_signature(text: str, secret_key: str) -> str:
    """Return Binance's signature over ``text`` with a secret that it made."""
    return hmac.new(secret_key.encode(), text.encode(), hashlib.sha256).hexdigest()


class Binance(RegionalExchange):
    """A Binance spot account.

    Of a push, ``f`` (by REST ``free``) is available, ``l`` (``locked``) locked, and
    ``u`` the time. Deposits, withdrawals and transfers are pushed as differences, too;
    those make the stream read the balances anew. The Funding wallet, margin and
    futures are other accounts.

    Args:
        api_key: the API key; by default ``BINANCE_API_KEY`` of the environment.
        secret_key: its secret, or your Ed25519 private key: the text of its PEM file,
            or the one line of base64 in it. By default ``BINANCE_SECRET_KEY``. An
            Ed25519 key needs the extra ``ed25519``. RSA keys are not supported.
        region: where the key was made: ``"global"`` is www.binance.com, ``"testnet"``
            testnet.binance.vision, ``"demo"`` the demo trading of www.binance.com.
        ws_url: the whole URL of the WebSocket API, for a simulator or a gateway;
            by default ``BINANCE_WS_URL``, or else the exchange's own.
        rest_url: the base URL of REST, given together with ``ws_url``; by default
            ``BINANCE_REST_URL``, or else the exchange's own.

    Raises:
        ConfigurationError: something is missing or wrong; the text says what.
    """

    name = "binance"
    title = "Binance"
    key_names = ("api_key", "secret_key")
    regions = tuple(HOSTS)
    sites = MappingProxyType(
        {
            region: (f"wss://{ws}{WS_PATH}", f"https://{rest}")
            for region, (ws, rest) in HOSTS.items()
        }
    )
    known_key_codes = KNOWN_KEY_CODES
    proof = "Binance's acknowledgement of the subscription"
    silence = (
        "Binance pushes only when a balance of the spot account changes, and nothing "
        "at the subscription; the Funding wallet, margin and futures are other "
        "accounts."
    )
    # "Sent any time an account balance has changed."
    pushes_everything = True
    fields = Fields(
        amounts=("f", "l", "d", "free", "locked"),
        prices=("maker", "taker", "buyer", "seller"),
        times=("E", "u", "T", "updateTime", "timestamp", "retryAfter"),
        currencies=("a", "asset"),
        kinds=("e", "id", "method", "accountType"),
        codes=("code", "status", "subscriptionId"),
        texts=("msg",),
    )
    forms = MappingProxyType({"api_key": KEY})
    # By HMAC, and by Ed25519.
    secret_patterns = hex_signature(64), base64_signature(86, 2)
    # From the documents, all counted by address: 300 connects in 5 minutes, and a
    # weight of 6,000 a minute, of which a read takes 20, a connect and its subscription
    # 4; others are left some. Whoever passes that is shut out, for 2 minutes at first,
    # for days at last. Pings of ours cost nothing; that they are answered is not
    # written, but the clients of others rely on it. Each change is promised to be
    # pushed, hence no closer audits.
    limits = Limits(
        connects=Rate(1, 1.0),
        reads=Rate(2, 1.0),
        ping_interval=20.0,
        pong_timeout=10.0,
        audit_interval=60.0,
        connects_together=Rate(300, 300.0),
        reads_together=Rate(240, 60.0),
    )

    region: Region
    _signature: Callable[[str], str]

    def __init__(
        self,
        api_key: str | None = None,
        secret_key: str | None = None,
        *,
        # Written out: what it may be is shown by help() and notebooks, too.
        region: Literal["global", "testnet", "demo"],
        ws_url: str | None = None,
        rest_url: str | None = None,
    ) -> None:
        keys = {"api_key": api_key, "secret_key": secret_key}
        options = self._read_options(region, ws_url, rest_url, **keys)
        credentials = options["credentials"]
        own = self._private_key(credentials, options["sources"])
        if own is not None:
            credentials = MappingProxyType({**credentials, "secret_key": own})
        signer = self._signer(credentials["secret_key"], own is not None)
        self._keep(**{**options, "credentials": credentials}, _signature=signer)

    @staticmethod
    def unwrapped(key: str) -> str:
        """Return the text of a PEM file, if ``key`` is one, in one line."""
        return one_line(key)

    def _private_key(
        self, credentials: Mapping[str, str], sources: Mapping[str, str]
    ) -> str | None:
        """Return the secret in one line if it is an Ed25519 key; None if it is none."""
        problem, remedy, own = "", "", None
        try:
            own = private_key(credentials["secret_key"])
        except Unreadable as exc:
            problem = f"{sources['secret_key']} {exc}"
            remedy = "Give the file of an Ed25519 key, or a secret that Binance made."
        if credentials["api_key"].startswith("-----"):
            problem = f"{sources['api_key']} is the text of a PEM file"
            remedy = "Give the key that Binance shows, and the file as secret_key."
        elif own is not None and not is_installed():
            problem = "an Ed25519 key needs the library cryptography"
            remedy = f"Install it by `{install_command('ed25519')}`."
        if problem:
            raise ConfigurationError(
                f"{self.title}: {problem}", remedy=remedy, exchange=self.name
            )
        return own

    @staticmethod
    def _signer(secret_key: str, ed25519: bool) -> Callable[[str], str]:
        if ed25519:
            return Ed25519Signer(secret_key)
        return lambda text: hmac_signature(text, secret_key)

    def conversation(self, memory: Memory) -> Conversation:
        return BinanceConversation(self, self.signed)

    def signed(self, params: Mapping[str, str | int]) -> dict[str, str | int]:
        """Return a request's ``params`` with their signature."""
        # None of ours has anything to be percent-encoded, as REST asks for.
        text = "&".join(f"{name}={params[name]}" for name in sorted(params))
        return {**params, "signature": self._signature(text)}

    def read(self, instant: Instant, nonce: str) -> HttpCall:
        # No nonce: the time of the request is what is fresh in it. An account has
        # hundreds of zeros.
        params: dict[str, str | int] = {
            "omitZeroBalances": "true",
            "recvWindow": RECV_WINDOW,
            "timestamp": instant.ms,
        }
        query = urlencode(self.signed(params))
        headers = {
            "Accept": "application/json",
            "X-MBX-APIKEY": self.credentials["api_key"],
        }
        return HttpCall("GET", f"{self.rest_url}/api/v3/account?{query}", headers)

    def read_replied(
        self, status: int, headers: Mapping[str, str], body: bytes
    ) -> Snapshot:
        if status in (200, 201):
            try:
                return read_balances(body)
            except Unreadable:
                pass  # perhaps an error in Binance's own words
        raise explain_answer(self, status, headers, body, "reading the balances")


make_public(Binance)
