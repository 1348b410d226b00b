"""The base of the exchanges here whose keys are each of one region."""

from __future__ import annotations

from typing import Any, Mapping
from urllib.parse import urlsplit

from assetstream.display.words import listed
from assetstream.exchanges.common.exchange import KeyedExchange
from assetstream.exchanges.common.options import check_choice, read_options
from assetstream.model.errors import AssetStreamError
from assetstream.protocol import Exchange

__all__ = ["RegionalExchange"]


class RegionalExchange(KeyedExchange):
    """An exchange at which a key is of one region, each with hosts of its own.

    Attributes:
        sites: by region, the URL of the WebSocket and the base URL of REST.
        region: the key's.
        known_key_codes: the codes of refusals that come only for a key that is known:
            the region is right.
    """

    region: str
    sites: Mapping[str, tuple[str, str]]
    known_key_codes: frozenset[str]

    @property
    def placeholders(self) -> Mapping[str, str]:
        """The texts for the names in braces in causes, remedies and hints."""
        own = {"region": self.region, "regions": listed(self.regions, "or")}
        return {**super().placeholders, **own}

    def knows_key(self, error: AssetStreamError) -> bool:
        return getattr(error, "code", "") in self.known_key_codes

    def _read_options(
        self,
        region: str,
        ws_url: str | None,
        rest_url: str | None,
        **keys: str | None,
    ) -> dict[str, Any]:
        """Return the attributes that every one of these has, by name.

        Args:
            region: the key's.
            ws_url, rest_url, keys: as for ``read_options``.

        Raises:
            ConfigurationError: something is missing or wrong; the text says what.
        """
        check_choice(region, "region", self.sites, self)
        options = read_options(self, self.sites[region], ws_url, rest_url, **keys)
        return {"region": region, **options}

    def elsewhere(self) -> Mapping[str, Exchange]:
        return self._at_other_sites()

    def _at_other_sites(self, **options: object) -> dict[str, Exchange]:
        """Return the same key at every other region.

        Args:
            options: what the constructor takes besides the key, the region and URLs.
        """
        own_host = urlsplit(self.sites[self.region][1]).hostname
        # At a gateway or a simulator no real host should see the key.
        if urlsplit(self.rest_url).hostname != own_host:
            return {}
        make: Any = type(self)
        keys = {name: self.credentials[name] for name in self.key_names}
        return {
            region: make(**keys, region=region, ws_url=ws, rest_url=rest, **options)
            for region, (ws, rest) in self.sites.items()
            if region != self.region
        }
