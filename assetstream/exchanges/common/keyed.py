"""What the exchanges here have in common: an account is a key and its secret."""

from __future__ import annotations

from typing import NoReturn

from assetstream.exchanges.common.key_forms import Form, hints_about
from assetstream.model.errors import ProtocolError
from assetstream.protocol import Exchange

__all__ = ["KeyedExchange"]

LONGEST_WORDS = 300


class KeyedExchange(Exchange):
    """An exchange whose account is a key and its secret; immutable.

    Attributes:
        sources: how messages call key and secret: the variable that each was taken
            from, or the parameter that it was passed as.
        forms: the form of its keys, and of its secrets; None where that is not known.
    """

    sources: tuple[str, str]
    forms: tuple[Form | None, Form | None] = (None, None)

    _key: str
    _secret: str

    def _keep(self, **attributes: object) -> None:
        """Set attributes; for the constructor only."""
        vars(self).update(attributes)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is immutable; build a new one")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is immutable; build a new one")

    @property
    def key_form(self) -> str:
        """Where key and secret came from, and how long they are; no part of either."""
        lengths = zip(self.sources, (self._key, self._secret), strict=True)
        return ", ".join(f"{name}: {len(text)} characters" for name, text in lengths)

    def key_hints(self) -> tuple[str, ...]:
        """What looks wrong with key or secret, each with the remedy; () if nothing."""
        keys = self._key, self._secret
        return hints_about(keys, self.sources, self.forms, self.title)

    @property
    def credentials(self) -> tuple[str, ...]:
        """Every text that must never be shown, the public key first."""
        return self._key, self._secret

    def own_words(self, said: str | bytes) -> str:
        """What the exchange ``said``, fit to be shown: redacted and not long."""
        data = said.encode(errors="replace") if isinstance(said, str) else said
        # Redacted before it is cut: half a secret would not be recognised.
        text = self.redacted(data).decode(errors="replace")
        text = "".join(c if c.isprintable() else " " for c in text)
        return " ".join(text.split())[:LONGEST_WORDS]

    def unreadable(
        self, why: str, data: bytes, currency: str | None = None
    ) -> ProtocolError:
        """Make the error for ``data`` that could not be understood (K5).

        Args:
            why: in words, for the message.
            currency: what it is about, if that could be told.
        """
        about = f" about {currency}" if currency else ""
        return ProtocolError(
            f"{self.title} sent something{about} that cannot be understood: {why}. If "
            f"this repeats, {self.title} may have changed its messages: update "
            "assetstream, or report it with this error's `frame`",
            frame=self.redacted(data),
            currency=currency,
            exchange=self.name,
        )
