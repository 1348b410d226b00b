"""The benchmark runs, and its report has the right figures."""

from __future__ import annotations

import sys

import pytest

from tests.programs.benchmarks.report import note, ranked, table
from tests.programs.benchmarks.rounds import Results, run


@pytest.mark.programs
def test_a_small_burst_reaches_the_callbacks_whole() -> None:
    """assetstream and the floor receive every update with every digit."""
    results = run("burst", ("assetstream", "floor"), rounds=1, quick=True)

    assert list(results) == ["assetstream", "floor"]
    for rounds in results.values():
        assert len(rounds) == 1
        assert [figures.get("digits") for figures in rounds] == ["exact"], rounds
        assert [figures["folded"] for figures in rounds] == [0]
        assert min(figures["us"] for figures in rounds) > 0
    assert "| assetstream |" in table("burst", results)


def test_the_table_has_medians_ratios_and_marks() -> None:
    """The best comes first, a failed one last; a peer that loses digits is marked."""
    results: Results = {
        "script": [{"us": us, "cpu_us": us, "digits": "lost"} for us in (40, 60, 50)],
        "assetstream": [{"us": us, "cpu_us": 2, "folded": 7} for us in (4, 5, 6)],
        "picows": [{"skipped": "No module named 'picows'"}],
    }

    assert ranked("burst", results) == ["assetstream", "script", "picows"]
    lines = table("burst", results).splitlines()[4:]
    assert lines[0].startswith("| assetstream | 5 (4 to 6) | 2 | 1.00 | folds: up to 7")
    assert lines[1].endswith("| 50 (40 to 60) | 50 (40 to 60) | 10.00 | loses digits |")
    assert "skipped 1 of 1: No module named 'picows'" in lines[2]
    assert "wrong" in note([{"digits": "WRONG"}])


def test_the_library_of_a_peer_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every contender's module can be imported without the peers' libraries."""
    for module in ("ccxt", "matplotlib", "picows", "pybit", "trustme", "upbit"):
        monkeypatch.setitem(sys.modules, module, None)
        for loaded in [
            m for m in sys.modules if m.startswith("tests.programs.benchmarks")
        ]:
            monkeypatch.delitem(sys.modules, loaded)

        import tests.programs.benchmarks.__main__
        import tests.programs.benchmarks.chart  # noqa: F401
