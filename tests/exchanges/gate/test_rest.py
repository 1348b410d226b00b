"""Gate's balances by REST."""

from __future__ import annotations

import pytest

from assetstream.model.errors import ProtocolError
from assetstream.protocol import Snapshot
from tests.exchanges.gate.spec import make_gate
from tests.support.specs import frame, sample


def read(body: bytes) -> Snapshot:
    """Read a reply."""
    return make_gate().read_replied(200, {}, body)


def test_balances_are_read_exactly() -> None:
    """``update_id`` is no key: pushes have none to compare it with."""
    eth, usdt = read(sample("gate", "rest_balances")).balances

    assert (eth.currency, str(eth.available), str(eth.locked)) == ("ETH", "857.7", "0")
    assert (str(usdt.available), str(usdt.locked)) == ("333355.4938", "6")
    assert (usdt.key, usdt.update_id) == (None, None)


def test_s2_a_bad_entry_costs_only_its_own_currency() -> None:
    """One without a name makes what is omitted unknown."""
    good = {"currency": "usdt", "available": "1E-7", "locked": 0}
    snapshot = read(
        frame(
            [
                good,
                {"currency": "BTC", "available": "?", "locked": "0"},
                {"currency": "ETH", "available": "1"},
                {"available": "1", "locked": "0"},
                {**good, "currency": "XRP"},
                {**good, "currency": "XRP"},
            ]
        )
    )

    assert [b.currency for b in snapshot.balances] == ["USDT"]
    assert set(snapshot.unreadable) == {"BTC", "ETH", "XRP", ""}


@pytest.mark.parametrize("body", [b"{}", b'{"accounts":[]}', b"null", b'"[]"', b"5"])
def test_s2_no_list_is_no_empty_account(body: bytes) -> None:
    """The read has failed, though the status says that all went well."""
    with pytest.raises(ProtocolError) as caught:
        read(body)
    assert not caught.value.fatal
