"""CoinW: accounts, signatures and REST. Its WebSocket is in ``coinw_session``."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Callable, Iterable, Mapping, Sequence

import msgspec

from assetstream.simulator.account import Account, Terms, plain
from assetstream.simulator.coinw.session import CoinWSession
from assetstream.simulator.ledger import TRANSFERS, Amount, Change
from assetstream.simulator.limits import Limit
from assetstream.simulator.messages import Kind, Message, Refused, Reply, Request
from assetstream.simulator.site import Session, Site, Venue

if TYPE_CHECKING:
    from assetstream.protocol import Exchange
    from assetstream.simulator.connection import Connection

__all__ = ["CoinWAccount", "CoinWVenue", "signature"]

#: The first id in the documents' own sample; far above 2^53.
FIRST_LEDGER_ID = 1125899934698144651
REST_PATH = "/api/v1/private"


def signature(parameters: Iterable[tuple[str, str]], secret_key: str) -> str:
    """MD5 over the raw, sorted parameters, ``sign`` and ``command`` left out."""
    signed = sorted(p for p in parameters if p[0] not in ("sign", "command"))
    text = "&".join(f"{name}={value}" for name, value in signed)
    signed_text = f"{text}&secret_key={secret_key}".encode()
    digest = hashlib.md5(signed_text, usedforsecurity=False)
    return digest.hexdigest().upper()


class CoinWAccount(Account):
    """An account on the simulated CoinW; see ``Account`` for what it can do.

    Its key is ``api_key`` and ``secret_key``. It is made by ``Simulator.coinw``.

    Attributes:
        reads: how often it may ask by REST.
        silent_unsub: the end of a subscription is not acknowledged.
    """

    name = "coinw"

    def __init__(
        self,
        site: Site,
        terms: Terms,
        balances: Mapping[str, Amount],
        *,
        push_deposits: bool,
        silent_unsub: bool,
    ) -> None:
        super().__init__(site, terms, balances)
        self.reads = Limit(5, 2.0)
        self.silent_unsub = silent_unsub
        self._push_deposits = push_deposits

    @property
    def api_key(self) -> str:
        """The fake key, formed like the real ones."""
        return self.terms.key

    @property
    def ws_url(self) -> str:
        """The whole URL of the WebSocket, which has no path."""
        return self.site.ws_url

    def exchange(self) -> Exchange:
        """An ``assetstream.CoinW`` for this account, pointed at the simulator."""
        from assetstream.exchanges import CoinW

        return CoinW(
            self.api_key, self.secret_key, ws_url=self.ws_url, rest_url=self.site.url
        )

    def environment(self) -> dict[str, str]:
        """Keys and URLs: COINW_API_KEY, _SECRET_KEY, _WS_URL and _REST_URL."""
        return {
            "COINW_API_KEY": self.api_key,
            "COINW_SECRET_KEY": self.secret_key,
            "COINW_WS_URL": self.ws_url,
            "COINW_REST_URL": self.site.url,
        }

    def encode(self, change: Change, style: str) -> Sequence[Message]:
        """One text frame per currency; all of one ``change`` share its time.

        Args:
            style: CoinW has one only.
        """
        if change.kind in TRANSFERS and not self._push_deposits:
            return ()
        pushes = []
        for entry in change.entries:
            data = {
                "available": plain(entry.available),
                "currency": entry.currency,
                "time": change.time_ms,
                "type": "change",
                "ledger_id": FIRST_LEDGER_ID + entry.number,
                "account": "spot",
                "hold": plain(entry.locked),
            }
            content = {"biz": "exchange", "data": data, "type": "assets"}
            pushes.append(Message(Kind.PUSH, msgspec.json.encode(content)))
        return pushes


class CoinWVenue(Venue):
    """Checks MD5 signatures and serves ``returnCompleteBalances``."""

    name = "coinw"

    def __init__(self, site: Site) -> None:
        self.accounts: dict[str, CoinWAccount] = {}
        self._site = site

    def owns(self, path: str) -> bool:
        """Its WebSocket at the root, and everything below ``/api/``."""
        return path in ("", "/") or path.startswith("/api/")

    def admit(self, request: Request) -> Callable[[Connection], Session]:
        """Let every upgrade pass: CoinW asks for the key by message, later."""
        if request.path not in ("", "/"):
            raise Refused(Reply.json(404, {"code": 404, "msg": "Not Found"}))
        return lambda connection: CoinWSession(
            self._site, connection, self.accounts, request.address
        )

    def rest(self, request: Request) -> Reply:
        """All balances; errors come in HTTP 200, too."""
        if (request.method, request.path) != ("POST", REST_PATH):
            return Reply.json(404, {"code": 404, "msg": "Not Found"})
        parameters = request.parameters
        given = dict(parameters)
        account = self.accounts.get(given.get("api_key", ""))
        if account is None:
            return failed(6000, "authentication error")
        self._site.board.count("reads", account.seen)
        if self._site.rate_limits and not account.reads.use():
            return failed(29001, "API access frequently")
        right = signature(parameters, account.secret_key)
        if not hmac.compare_digest(right.encode(), given.get("sign", "").encode()):
            return failed(6001, "invalid signature")
        if not account.terms.allows_ip(request.address):
            return failed(6000, "authentication error")
        if not account.terms.may_view:
            return failed(6003, "require more permission")
        if given.get("command") != "returnCompleteBalances":
            return failed(-3, "invalid parameter")
        reply = self._site.faults.read(account)
        if reply is not None:
            return reply
        balances = self._site.faults.balances(account)
        data = {
            currency: {"onOrders": plain(locked), "available": plain(available)}
            for currency, (available, locked) in balances.items()
        }
        return Reply.json(
            200,
            {
                "code": "200",
                "data": data,
                "msg": "SUCCESS",
                "success": True,
                "failed": False,
            },
        )


def failed(code: int, text: str) -> Reply:
    """An error: the code is a number here, while success has the string "200"."""
    content = {
        "code": code,
        "data": None,
        "msg": text,
        "success": False,
        "failed": True,
    }
    return Reply.json(200, content)
