"""An exchange as the origin of a stream's balances."""

from __future__ import annotations

from assetstream import Upbit
from assetstream.runtime.exchange_origin import ExchangeOrigin

KEY = "a" * 40


def test_two_streams_of_a_key_at_a_host_have_one_place() -> None:
    """Another key and another host are another place; the key is not in it."""
    origins = [
        ExchangeOrigin(Upbit(key, "secret", region=region))
        for key, region in ((KEY, "sg"), (KEY, "sg"), (KEY, "id"), ("b" * 40, "sg"))
    ]
    places = [origin.place for origin in origins]

    assert places[0] == places[1]
    assert len({*places}) == 3
    assert KEY not in f"{places}"
    assert origins[0].name == "upbit"
