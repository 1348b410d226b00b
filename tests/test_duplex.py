"""TLS in both directions at once, for two seconds of ``tests/duplex.py``."""

from __future__ import annotations

from tests.duplex import duplex


def test_tls_holds_while_everybody_talks_at_once() -> None:
    """Nothing broken, wrong, lost or left behind, and all of it did happen."""
    figures = duplex(seconds=2.0)

    assert not figures.bad, figures.notes
    for what in ("frames", "pongs", "sends", "looks", "waits", "starts"):
        assert figures.done[what], what
    assert figures.done["starts"] == figures.done["stops"]
