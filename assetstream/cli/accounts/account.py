"""One account that a command is about: its exchange, its label, and its key or none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Mapping

from assetstream.exchanges import EXCHANGES, build
from assetstream.model.errors import ConfigurationError
from assetstream.protocol import Exchange
from assetstream.streams.stream import AssetStream

__all__ = ["LabelledExchange", "make_account"]

#: In place of a key that is not to be had; it is sent nowhere.
NO_KEY = "none"


@dataclass(frozen=True)
class LabelledExchange:
    """The exchange of one account, and its label.

    Attributes:
        exchange: with the account's key; or, with ``no_key``, with none that is good.
        label: of the account; None: the stream makes its own.
        no_key: says why the key is not to be had; None: it is there.
    """

    exchange: Exchange
    label: str | None = None
    no_key: ConfigurationError | None = None

    def stream(self) -> AssetStream:
        """Make a stream of it, not started."""
        label = self.label
        if label is None and self.no_key is not None:
            label = self.exchange.name  # there is no key to make a label of
        return AssetStream(self.exchange, account=label)


def make_account(
    name: str,
    label: str | None,
    options: Mapping[str, str],
    no_key: ConfigurationError | None = None,
) -> LabelledExchange:
    """Make an exchange by its name, though its key may not be to be had.

    Args:
        name: the exchange's.
        label: the account's.
        options: of the exchange; keys not given come from the environment.
        no_key: says why they have no key; None: they have, or the environment.

    Raises:
        ConfigurationError: something else is missing or wrong.
    """
    if no_key is None:
        try:
            return LabelledExchange(build(name, **options), label)
        except ConfigurationError as error:
            no_key = error
    keys = dict.fromkeys(EXCHANGES[name].key_names, NO_KEY)
    return LabelledExchange(build(name, **{**options, **keys}), label, no_key)
