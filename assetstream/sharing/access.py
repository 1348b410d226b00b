"""The way to a fleet's data: by which address, and with which library."""

from __future__ import annotations

import logging
import os
import ssl
from typing import TYPE_CHECKING

from assetstream.libraries import install_command
from assetstream.model.errors import ConfigurationError
from assetstream.runtime.loop.log import log
from assetstream.runtime.ssl_context import check_context
from assetstream.sharing.address import read_address
from assetstream.sharing.keys import Keys

if TYPE_CHECKING:
    from assetstream.sharing.engine import Engine

__all__ = ["URL", "Access"]

#: The variable that has the engine's URL where a program does not give one.
URL = "ASSETSTREAM_ENGINE_URL"
#: Addresses that were warned of.
_warned: set[str] = set()


class Access:
    """Connects to the engine that has a fleet's data.

    A warning is logged, once for an address, if balances and password can be read on
    the way.

    Args:
        url: of the engine; None: as the variable of the environment says.
        fleet: its name.
        ssl_context: verifying; None: the process's own.

    Attributes:
        address: of the engine.
        keys: of the fleet.
        ssl_context: as given.

    Raises:
        ConfigurationError: an argument is wrong, or the package redis is missing.
    """

    def __init__(
        self, url: str | None, fleet: str, ssl_context: ssl.SSLContext | None
    ) -> None:
        chosen = os.environ.get(URL) if url is None else url
        if not chosen:
            raise ConfigurationError(
                f"no engine's URL was given, and the variable {URL} is not set",
                remedy=f"Pass url=..., such as redis://host, or set {URL}.",
            )
        if ssl_context is not None:
            check_context(ssl_context)
        self.address = read_address(chosen)
        self.keys = Keys(fleet)
        self.ssl_context = ssl_context
        try:
            # Here, for it loads redis, which no import of the package should need; not
            # at the start: of a missing library the user is told at once.
            from assetstream.sharing.engine import Engine
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] != "redis":
                raise
            raise ConfigurationError(
                "to share accounts by an engine needs the package redis",
                remedy=f"Install it by `{install_command('redis')}`.",
            ) from None
        self._make = Engine
        if self.address.exposed and self.address.name not in _warned:
            _warned.add(self.address.name)
            log(
                logging.WARNING,
                "balances and password pass the network unencrypted to %s: use "
                "rediss:// if the engine can",
                self.address.name,
            )

    def engine(self, **options: int) -> Engine:
        """Make a connection, which is not connected yet; ``keep`` as for ``Engine``."""
        return self._make(self.address, self.keys, self.ssl_context, **options)

    def __repr__(self) -> str:
        return f"<Access {self.address.name} {self.keys.fleet}>"
