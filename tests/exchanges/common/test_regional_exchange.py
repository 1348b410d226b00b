"""Every exchange here at which a key is of one region."""

from __future__ import annotations

from typing import Any

import pytest

from assetstream.exchanges import EXCHANGES
from assetstream.exchanges.common.regional_exchange import RegionalExchange
from assetstream.model.errors import ConnectionLost, ExchangeError
from tests.support.specs import KEY, SECRET

REGIONAL = {
    name: kind for name, kind in EXCHANGES.items() if issubclass(kind, RegionalExchange)
}


def make(name: str, **options: Any) -> RegionalExchange:
    """Make one for the exchange's first region."""
    kind: Any = REGIONAL[name]
    keys = dict.fromkeys(kind.key_names, SECRET)
    keys[kind.key_names[0]] = KEY
    made: RegionalExchange = kind(**keys, region=kind.regions[0], **options)
    return made


def test_whoever_has_regions_is_one_of_them() -> None:
    """None is left that does the same by itself."""
    assert {name for name, kind in EXCHANGES.items() if kind.regions} == set(REGIONAL)


@pytest.mark.parametrize("name", REGIONAL)
def test_the_same_key_is_made_for_every_other_region(name: str) -> None:
    """With the URLs of that region, and all that the key has."""
    exchange = make(name)
    others = exchange.elsewhere()

    assert list(others) == list(exchange.regions[1:]) == list(exchange.sites)[1:]
    for region, other in others.items():
        assert type(other) is type(exchange)
        assert isinstance(other, RegionalExchange)
        assert other.region == region
        assert (other.ws_url, other.rest_url) == exchange.sites[region]
        assert other.credentials == exchange.credentials


@pytest.mark.parametrize("name", REGIONAL)
def test_a_key_behind_a_gateway_has_no_other_regions(name: str) -> None:
    """No real host should see it."""
    urls = {"ws_url": "wss://gate.example/ws", "rest_url": "https://gate.example"}
    assert make(name, **urls).elsewhere() == {}


@pytest.mark.parametrize("name", REGIONAL)
def test_some_refusals_come_only_for_a_key_that_is_known(name: str) -> None:
    """By their codes; a loss says nothing."""
    exchange = make(name)
    for code in exchange.known_key_codes:
        assert exchange.knows_key(ExchangeError("refused", code=code))
    assert exchange.known_key_codes
    assert not exchange.knows_key(ExchangeError("refused", code="something else"))
    assert not exchange.knows_key(ConnectionLost("gone"))


@pytest.mark.parametrize("name", REGIONAL)
def test_remedies_can_name_the_region_and_all_of_them(name: str) -> None:
    """Beside what every exchange has."""
    exchange = make(name)
    placeholders = exchange.placeholders

    assert placeholders["region"] == exchange.region
    assert all(region in placeholders["regions"] for region in exchange.regions)
    assert placeholders["title"] == exchange.title
