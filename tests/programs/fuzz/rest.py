"""Any answer of REST, or of a refused upgrade, is a snapshot or one of our errors."""

from __future__ import annotations

from typing import Mapping

from assetstream.model.errors import AssetStreamError
from assetstream.protocol import Snapshot
from tests.programs.fuzz.adapters import READERS, check_report
from tests.programs.fuzz.wire import Pairs, check_error, loads
from tests.support.specs import SPECS

__all__ = ["check_answer"]


def check_answer(
    name: str, status: int, headers: Mapping[str, str], body: bytes
) -> None:
    """Read an answer as a refused upgrade and as a balance read."""
    exchange = SPECS[name].make()
    error = exchange.conversation({}).refused(status, headers, body)
    check_error(error, name)
    _check_fatal(error, status, body)
    try:
        snapshot = exchange.read_replied(status, headers, body)
    except AssetStreamError as caught:
        check_error(caught, name)
        _check_fatal(caught, status, body)
    else:
        assert status in (200, 201)
        _check_snapshot(snapshot, name, body)


def _check_fatal(error: AssetStreamError, status: int, body: bytes) -> None:
    """Check that only the exchange's own words, or a 401, are fatal."""
    if error.fatal and status != 401:
        assert isinstance(loads(body, "replace"), Pairs)


def _check_snapshot(snapshot: Snapshot, name: str, body: bytes) -> None:
    # Fields that are not read may be anything.
    decoded = loads(body, "replace")
    codes = [report.currency for report in snapshot.balances]
    assert len(set(codes)) == len(codes), "a currency twice"
    assert not set(codes) & set(snapshot.unreadable)
    assert len(set(snapshot.unreadable)) == len(snapshot.unreadable)
    assert snapshot.complete is ("" not in snapshot.unreadable)
    for report in snapshot.balances:
        assert None not in (report.available, report.locked)
        assert report.key is None
        assert report.raw in body
        check_report(report, decoded, name)
    entries = READERS[name].entries(decoded)
    # S2: what is not among the balances is known to be missing from them.
    for code in entries:
        known = isinstance(code, str) and code.upper() in codes
        assert known or snapshot.unreadable, f"{code!r} was lost"
