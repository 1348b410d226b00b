"""The base of the exchanges here, whose accounts have API keys."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import Mapping, NoReturn

from assetstream.exchanges.common.key_forms import Credential, KeyForm, hints_about
from assetstream.model.errors import ProtocolError
from assetstream.protocol import Exchange

__all__ = ["KeyedExchange"]

LONGEST_WORDS = 300


class KeyedExchange(Exchange):
    """An exchange whose accounts have API keys; immutable.

    Attributes:
        sources: how messages name each of ``key_names``: by the variable that it was
            taken from, or the parameter that it was passed as.
        forms: the form of the credentials, by name, where it is known.
        secret_patterns: the patterns of signatures and tokens, which no text may show:
            each is as good as a password for a while, and a refusal may echo it.
    """

    sources: Mapping[str, str]
    forms: Mapping[str, KeyForm] = MappingProxyType({})
    secret_patterns: tuple[re.Pattern[bytes], ...] = ()

    @staticmethod
    def unwrapped(key: str) -> str:
        """Return the credential in ``key``; an exchange may take files of keys."""
        return key

    def _keep(self, **attributes: object) -> None:
        """Set attributes; for the constructor only."""
        vars(self).update(attributes)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is immutable; build a new one")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is immutable; build a new one")

    @property
    def placeholders(self) -> Mapping[str, str]:
        """The texts for the names in braces in causes, remedies and hints."""
        return {**self.sources, "title": self.title}

    @property
    def key_form(self) -> str:
        """Source and length of each credential; no part of it."""
        return ", ".join(
            f"{self.sources[name]}: {len(self.credentials[name])} characters"
            for name in self.key_names
        )

    def key_hints(self) -> tuple[str, ...]:
        return hints_about(
            self.title,
            [
                Credential(
                    self.credentials[name], self.sources[name], self.forms.get(name)
                )
                for name in self.key_names
            ],
        )

    def redacted(self, data: bytes) -> bytes:
        data = super().redacted(data)
        for pattern in self.secret_patterns:
            data = pattern.sub(b"***", data)
        return data

    def own_words(self, words: str | bytes) -> str:
        """Return the exchange's own ``words`` fit to be shown: redacted and short."""
        data = words.encode(errors="replace") if isinstance(words, str) else words
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
            currency: the currency that it is about, if that is known.
        """
        about = f" about {currency}" if currency else ""
        return ProtocolError(
            f"{self.title} sent something{about} that cannot be understood: {why}",
            remedy=f"If this repeats, {self.title} may have changed its messages: "
            "update assetstream, or report it with this error's `frame`.",
            frame=self.redacted(data),
            currency=currency,
            exchange=self.name,
        )
