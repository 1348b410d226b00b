"""The closed set of effects."""

from __future__ import annotations

from typing import get_args

from assetstream.core import effects
from assetstream.core.effects import Dial, Effect, Fetch, SendText
from assetstream.protocol import Connect, HttpCall


def test_the_set_is_closed() -> None:
    """The union has every effect of the module, and all are exported."""
    names = {kind.__name__ for kind in get_args(Effect)}
    assert names == set(effects.__all__) - {"Effect", "Turn"}


def test_no_repr_shows_a_secret() -> None:
    """Effects that carry logins, signatures and tokens hide them."""
    secret = "S3cret"
    shown = [
        repr(SendText(f'{{"secret":"{secret}"}}')),
        repr(Dial(1, Connect("wss://x/?sign=" + secret, {"Authorization": secret}))),
        repr(Fetch(2, HttpCall("GET", "https://x/?s=" + secret, {"A": secret}), 1.0)),
    ]

    assert not [text for text in shown if secret in text]
