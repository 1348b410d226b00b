"""The errors of exchanges that speak Upbit's dialect: each has a name.

They ask to branch on the name, not on the status: the same name comes with 401 or 403,
in the answer to a handshake, to a REST read or in a frame.
"""

from __future__ import annotations

import re
from typing import Mapping, NamedTuple

from assetstream.exchanges.common.exchange import KeyedExchange
from assetstream.exchanges.common.my_asset import read_error
from assetstream.exchanges.common.refusals import (
    PROXY_HINT,
    Meaning,
    Refusal,
    foreign_answer,
    is_own,
    refusal,
    retry_after,
    unavailable,
    unsigned_401,
    web_page,
)
from assetstream.model.errors import (
    AssetStreamError,
    AuthenticationError,
    ExchangeError,
)

__all__ = ["NAMES", "NamedErrors"]

_REQUEST = Meaning(
    ExchangeError,
    True,
    "the request was not understood",
    "Report this as a fault of assetstream.",
)
_UNKNOWN = Meaning(
    ExchangeError,
    False,
    "assetstream does not know this name",
    "Look the name up in {title}'s documents, and check the key and its permissions.",
)

#: The names that mean the same at each of them.
NAMES: Mapping[str, Meaning] = {
    # In frames.
    "WRONG_FORMAT": _REQUEST,
    "NO_TICKET": _REQUEST,
    "NO_TYPE": _REQUEST,
    "NO_CODES": _REQUEST,
    "INVALID_PARAM": _REQUEST,
    # In HTTP answers.
    "invalid_query_payload": Meaning(
        AuthenticationError,
        True,
        "the token does not fit the request: a proxy may have changed it",
        "Try another network, or without the proxy.",
        (PROXY_HINT,),
    ),
}


#: The form of names that are not listed.
OWN_NAME = re.compile("[a-z0-9_]+", re.ASCII)


class NamedErrors(NamedTuple):
    """The errors of one exchange.

    Attributes:
        names: the meaning of each name.
        key: of any other name that comes with 401, which is about the key.
        forbidden: of any other that comes with 403, if the words are the exchange's.
    """

    names: Mapping[str, Meaning]
    key: Meaning
    forbidden: Meaning

    def explain_name(
        self,
        exchange: KeyedExchange,
        name: str,
        message: str,
        doing: str,
        *,
        unknown: Meaning = _UNKNOWN,
        wait: float | None = None,
    ) -> Refusal:
        """Make the error of that name; ``unknown`` is for names not listed."""
        meaning = self.names.get(name, unknown)
        return refusal(exchange, meaning, name, message, doing, wait)

    def explain_answer(
        self,
        exchange: KeyedExchange,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        doing: str,
    ) -> AssetStreamError:
        """Make the error for an HTTP answer that was not what was asked for."""
        own, wait = read_error(body), retry_after(headers)
        name, message = (own.name, own.message) if own else ("", "")
        if name in self.names:
            return self.explain_name(exchange, name, message, doing, wait=wait)
        page = web_page(exchange, status, headers, body, doing)
        outage = page or unavailable(exchange, status, headers, body, doing)
        if outage is not None:
            return outage
        if own is not None and is_own(status, name, OWN_NAME):
            meanings = {401: self.key, 403: self.forbidden}
            unknown = meanings.get(status, _UNKNOWN)
            return self.explain_name(
                exchange, name, message, doing, unknown=unknown, wait=wait
            )
        if status == 401:
            return unsigned_401(exchange, self.key, body, doing, wait)
        if status in (200, 201):
            return exchange.unreadable("the answer is no list of accounts", body)
        return foreign_answer(exchange, status, body, doing, wait=wait)
