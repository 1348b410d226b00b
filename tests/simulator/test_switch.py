"""The switch of a fault."""

from __future__ import annotations

import pytest

from assetstream.simulator import Switch


def test_it_goes_off_with_its_block_or_by_hand() -> None:
    """A block that raises switches it off, too; off twice does nothing."""
    calls = list[str]()
    switch = Switch(lambda: calls.append("off"))

    def fail() -> None:
        with switch:
            assert calls == []
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert calls == ["off"]
    switch.off()

    assert calls == ["off", "off"]
