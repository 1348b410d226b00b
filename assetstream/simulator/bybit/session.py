"""``BybitSession``: Bybit's side of one private WebSocket."""

from __future__ import annotations

from typing import Any, Callable, Mapping

from assetstream.exchanges.bybit.exchange import sign
from assetstream.simulator.bybit.account import BybitAccount
from assetstream.simulator.common.signatures import same
from assetstream.simulator.context import Context
from assetstream.simulator.messages import Kind, json_of
from assetstream.simulator.session import LoginSession, Transport

__all__ = ["REFUSALS", "BybitSession", "answer"]

CONNECTION_ID = "cejreaspqfh3sjdnldmg-p"
#: Private topics; only ``wallet`` is ever pushed here.
TOPICS = ("wallet", "order", "execution", "position", "greeks")
#: The words of every refusal, by code. The older form of an answer has them only.
REFUSALS: Mapping[int, str] = {
    10001: "Params Error",
    10002: "error:request expired",
    10003: "Invalid apikey",
    10004: "Invalid sign",
    10005: "Permission denied, please check your API key permissions",
    10006: "Too many visits!",
    10007: "Request not authorized",
    10010: "Unmatched IP, please check your API key's bound IP addresses.",
    10016: "Internal server error",
}


def answer(operation: str, code: int, coded: bool, words: str = "") -> dict[str, Any]:
    """Make the answer to a request; code 0: it was accepted.

    Args:
        operation: the request's.
        code: 0, or one of ``REFUSALS``.
        coded: in the newer form.
        words: in place of the usual ones.
    """
    good = code == 0
    words = words or ("" if good else REFUSALS[code])
    if coded:
        named = {"retCode": code, "retMsg": words, "connId": CONNECTION_ID}
        return {"op": operation, "success": good, **named}
    named = {"ret_msg": words, "op": operation, "conn_id": CONNECTION_ID}
    return {"success": good, **named}


class BybitSession(LoginSession[BybitAccount]):
    """Login, subscriptions, ping and errors of one connection."""

    exchange = "bybit"

    def __init__(
        self,
        context: Context,
        connection: Transport,
        account_of: Callable[[str], BybitAccount | None],
        address: str,
    ) -> None:
        super().__init__(context, connection, account_of, address)
        self._last_ping = connection.now()
        self._coded = True
        self._operations = {
            "auth": self._auth,
            "subscribe": self._subscribe,
            "unsubscribe": self._unsubscribe,
            "ping": self._ping,
        }

    def idle(self, now: float) -> float:
        """Seconds since Bybit was last pinged, or last sent anything."""
        return now - max(self._last_ping, self.connection.last_sent)

    def received(self, payload: bytes) -> None:
        """Answer a request."""
        request = json_of(payload)
        name = request.get("op") if isinstance(request, dict) else None
        act = self._operations.get(name) if isinstance(name, str) else None
        args = request.get("args", []) if act else None
        if act is None or not isinstance(args, list):
            self._answer(Kind.ERROR, str(name or ""), 10001)
        else:
            act(args)

    def _auth(self, args: list[Any]) -> None:
        account = self._account_of(str(args[0])) if args else None
        code = self._login_objection(args, account)
        if not code and not self.context.points.allow("login", account):
            code = 10003
        if account is not None and not code:
            self._identify(account)
        self._answer(Kind.LOGIN, "auth", code, accepted=code == 0)

    def _login_objection(self, args: list[Any], account: BybitAccount | None) -> int:
        """Return the code of what is wrong with a login; 0: nothing."""
        if len(args) != 3 or [type(arg) for arg in args] != [str, int, str]:
            return 10001
        _, expires, signature = args
        if account is None:
            return 10003
        self._coded = account.coded
        # It must lie in the future: a login is good until then.
        if expires <= self.context.wall_ms(self.exchange):
            return 10002
        right = sign(f"GET/realtime{expires}", account.secret_key)
        if not same(right, signature):
            return 10004
        return 0 if account.credentials.allows_ip(self._address) else 10010

    def _subscribe(self, args: list[Any]) -> None:
        code, words = self._objection(args)
        # Answered first: no push comes before the acknowledgement, and no snapshot
        # ever.
        good = code == 0
        self._answer(Kind.SUBSCRIPTION, "subscribe", code, words, accepted=good)
        if good and self.account is not None and "wallet" in args:
            self.account.subscribe(self)

    def _unsubscribe(self, args: list[Any]) -> None:
        code, words = self._objection(args)
        if code == 0 and self.account is not None and "wallet" in args:
            self.account.unsubscribe(self)
        self._answer(Kind.SUBSCRIPTION, "unsubscribe", code, words)

    def _objection(self, args: list[Any]) -> tuple[int, str]:
        if self.account is None:
            return 10007, ""
        strange = [topic for topic in args if topic not in TOPICS]
        if strange or not args:
            return 10001, f"Invalid topic: {strange}"
        good = self.context.points.allow("subscription", self.account)
        return (0, "") if good else (10016, "")

    def _ping(self, args: list[Any]) -> None:
        self._last_ping = self.connection.now()
        time = str(self.context.wall_ms(self.exchange))
        content = {"op": "pong", "args": [time], "conn_id": CONNECTION_ID}
        self._send(Kind.STATUS, content)

    def _answer(
        self,
        kind: Kind,
        operation: str,
        code: int,
        words: str = "",
        *,
        accepted: bool | None = None,
    ) -> None:
        self._send(kind, answer(operation, code, self._coded, words), accepted)
