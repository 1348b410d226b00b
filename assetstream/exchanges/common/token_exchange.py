"""The base of the exchanges here that are asked with a JSON Web Token."""

from __future__ import annotations

import json
import re
from abc import abstractmethod
from typing import Callable, Mapping

from assetstream.exchanges.common.exchange import KeyedExchange
from assetstream.exchanges.common.named_errors import NamedErrors
from assetstream.exchanges.common.values import Unreadable
from assetstream.protocol import HttpCall, Instant, Snapshot

__all__ = ["TokenExchange"]

# Whole or cut off: the access key stands behind the first dot, in base64.
TOKEN = re.compile(rb"eyJ[\w-]+(?:\.[\w-]*){0,2}")


class TokenExchange(KeyedExchange):
    """An exchange whose handshakes and REST reads carry a fresh token each.

    Attributes:
        algorithm: of the token.
        errors: the errors that it names.
    """

    algorithm: str
    errors: NamedErrors
    #: Reads all balances from the reply of ``/v1/accounts``; may raise ``Unreadable``.
    _read_balances: Callable[[bytes], Snapshot]
    secret_patterns = (TOKEN,)
    _sign: Callable[[bytes, str, str], str]

    def _keep(self, **attributes: object) -> None:
        # Here, for it loads much that no import of the package should wait for.
        from assetstream.exchanges.common.tokens import sign

        super()._keep(**attributes, _sign=sign)

    @abstractmethod
    def authorization(self, instant: Instant, nonce: str) -> Mapping[str, str]:
        """Return the header that proves who asks.

        Args:
            instant: the present.
            nonce: a fresh UUID, which may be used only once.
        """

    def read(self, instant: Instant, nonce: str) -> HttpCall:
        headers = {"Accept": "application/json", **self.authorization(instant, nonce)}
        return HttpCall("GET", f"{self.rest_url}/v1/accounts", headers)

    def read_replied(
        self, status: int, headers: Mapping[str, str], body: bytes
    ) -> Snapshot:
        if status in (200, 201):
            try:
                return self._read_balances(body)
            except Unreadable:
                pass  # perhaps an error in the exchange's own words
        doing = "reading the balances"
        raise self.errors.explain_answer(self, status, headers, body, doing)

    def _bearer(self, **claims: object) -> dict[str, str]:
        """Return the header whose token carries the access key and these claims."""
        claims = {"access_key": self.credentials["access_key"], **claims}
        text = json.dumps(claims, separators=(",", ":")).encode()
        token = self._sign(text, self.credentials["secret_key"], self.algorithm)
        return {"Authorization": f"Bearer {token}"}
