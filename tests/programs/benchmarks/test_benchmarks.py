"""The benchmark runs, and its report has the right figures."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from tests.programs.benchmarks.contenders import ENTRIES
from tests.programs.benchmarks.control import Lost
from tests.programs.benchmarks.decode import measure
from tests.programs.benchmarks.kinds.saturation import Step, highest
from tests.programs.benchmarks.machine import facts
from tests.programs.benchmarks.report import heading, note, ranked, table
from tests.programs.benchmarks.rounds import Results, run
from tests.programs.benchmarks.scenarios import SCENARIOS
from tests.programs.benchmarks.stages import stages
from tests.programs.benchmarks.stored import Run, differences, read, write
from tests.support.engines import binary
from tests.support.specs import SPECS

#: The scenarios beside the bursts, and who is asked to take part in a test.
SMOKE = {
    "currencies": "assetstream",
    "latency-500": "assetstream",
    "pauses": "assetstream-frozen",
    "first": "assetstream",
    "size-500": "assetstream-group",
    "age": "assetstream-audited",
    "audits": "assetstream-audited",
    "scrape": "assetstream-audited",
    "saturation-10000": "assetstream-audited",
    "recovery-1000": "assetstream-paced",
}

#: Who reads what another process owns, and what is left of its digits.
SHARING = {
    "shared": "exact",
    "shared-by-hand": "exact",
    "shared-cryptofeed": "exact",
    "shared-nautilus": "lost",
}
#: Not among the extra.
PEERS = ("shared-cryptofeed", "shared-nautilus")


@pytest.mark.programs
def test_a_small_burst_reaches_the_callbacks_whole() -> None:
    """assetstream and the floor receive every update with every digit."""
    results = run("burst", ("assetstream", "floor"), quick=True)

    assert list(results) == ["assetstream", "floor"]
    for rounds in results.values():
        assert len(rounds) == 1
        assert [figures.get("digits") for figures in rounds] == ["exact"], rounds
        assert [figures["folded"] for figures in rounds] == [0]
        assert min(figures["us"] for figures in rounds) > 0
    assert "| assetstream |" in table("burst", results)


@pytest.mark.programs
@pytest.mark.parametrize("name", SMOKE)
def test_every_other_kind_gives_all_its_figures(name: str) -> None:
    """Each column of the table has a figure, and every update had its callback."""
    contender = SMOKE[name]

    (figures,) = run(name, (contender,), quick=True)[contender]

    keys = {column.key for column in SCENARIOS[name].columns}
    assert keys <= figures.keys(), figures
    assert figures.get("folded", 0) == 0


@pytest.mark.programs
@pytest.mark.parametrize("name", SHARING)
def test_every_way_between_processes_gives_all_its_figures(name: str) -> None:
    """The last balances arrive by the engine; only a peer may lack its library."""
    binary("redis")

    (figures,) = run("shared-burst", (name,), quick=True)[name]

    if name in PEERS and "skipped" in figures:
        pytest.skip(figures["skipped"])
    keys = {column.key for column in SCENARIOS["shared-burst"].columns}
    assert keys <= figures.keys(), figures
    assert figures["digits"] == SHARING[name]
    assert figures["folded"] == 0


@pytest.mark.programs
def test_the_stages_of_an_update_can_be_timed() -> None:
    """Every stage takes some time."""
    assert min(stages().values()) > 0


@pytest.mark.programs
@pytest.mark.parametrize("exchange", SPECS)
def test_every_exchange_is_measured_beside_msgspec(exchange: str) -> None:
    """Both read every push."""
    row = measure(exchange, count=100, rounds=2)

    assert len(row.ratios) == 2
    assert min(row.alone, row.read, row.single, *row.ratios) > 0


def test_the_table_has_medians_ratios_and_marks() -> None:
    """The best comes first, a failed one last; a peer that loses digits is marked."""
    results: Results = {
        "script": [{"us": us, "cpu_us": us, "digits": "lost"} for us in (40, 60, 50)],
        "assetstream": [{"us": us, "cpu_us": 2, "folded": 7} for us in (4, 5, 6)],
        "picows": [{"skipped": "No module named 'picows'"}],
    }

    assert ranked("burst", results) == ["assetstream", "script", "picows"]
    text = table("burst", results)
    assert "\n3 rounds.\n" in text
    lines = [line for line in text.splitlines() if line.startswith("| ")][1:]
    assert lines[0].startswith("| assetstream | 5 (4 to 6) | 2 | 1.00 | folds: up to 7")
    assert lines[1].endswith(
        "| 50 (40 to 60) | 50 (40 to 60) | 10.00 | "
        "no book or events, handler in the reading thread; loses digits |"
    )
    assert "skipped 1 of 1: No module named 'picows'" in lines[2]
    assert "wrong" in note("burst", "script", [{"digits": "WRONG"}])
    assert "at least" in note("saturation-100", "picows", [{"at_least": True}])


def test_a_table_can_be_made_of_rounds_without_a_figure() -> None:
    """A figure that a contender cannot have is a dash beside those that it has."""
    without = [{"cpu": 1.0, "reads": 0.0}]

    assert "| 1 | 0 | - |" in table("audits", {"assetstream-unaudited": without})


def test_the_heading_names_what_the_figures_depend_on() -> None:
    """The interpreter's build, the load and a smoke run are named."""
    given = {**facts(), "build": "PGO and LTO", "load": [0.25, 1.0, 2.0]}

    assert "(PGO and LTO)" in heading({**given, "quick": False})
    assert "load average 0.25 at the start" in heading({**given, "quick": False})
    assert "smoke" not in heading({**given, "quick": False})
    assert "smoke" in heading({**given, "quick": True})
    assert "load average" not in heading({**given, "load": None, "quick": False})


def test_every_contender_of_a_scenario_is_known() -> None:
    """No table lacks a row for a name that was misspelt."""
    asked = {
        contender
        for scenario in SCENARIOS.values()
        if scenario.kind != "imports"
        for contender in scenario.contenders
    }

    assert asked == set(ENTRIES)


def rounds(*values: float, key: str = "us") -> list[dict[str, Any]]:
    """Make rounds with one figure."""
    return [{key: value} for value in values]


def test_rows_that_do_not_reproduce_are_named(tmp_path: Path) -> None:
    """A median outside the other's spread is named; one within, or in reserve, not."""
    before: Results = {
        "assetstream": rounds(4, 5, 6),
        "floor": rounds(2, 2, 2),
        "picows": rounds(1, 1, 1),
        "script": rounds(40, 50, 60),
        "pybit": rounds(50),
    }
    after: Results = {
        "assetstream": rounds(5.5, 5.9, 9),  # within
        "floor": rounds(2.08),  # within 5 %
        "picows": rounds(1.2, 1.3, 1.4),
        "script": [{"failed": "no figures"}],
        "ccxt": rounds(30),  # was not there
    }
    write(tmp_path / "run.json", Run({"quick": True}, {"burst": before}))

    stored = read(tmp_path / "run.json")
    found = list(differences(stored, Run({}, {"burst": after, "imports": {}})))

    assert stored == Run({"quick": True}, {"burst": before})
    assert found == [
        "burst: picows + msgspec: µs per update: 1 (1 to 1), then 1.30 (1.20 to 1.40)",
        "burst: documentation script: WebSocketApp + json: µs per update: "
        "50 (40 to 60), then no figure",
    ]


@pytest.mark.parametrize(
    ("client", "server", "rate"),
    [
        (10_700, 99_000, 10_500),
        (99_000, 12_000, 12_000),
        (16_000, 16_000, 16_000),
        (700, 99_000, 687.5),
    ],
)
def test_the_highest_rate_is_the_clients_or_the_servers(
    client: int, server: int, rate: float
) -> None:
    """The search ends at what the client keeps up with, or what the server can send."""

    def attempt(asked: float) -> Step:
        sent = min(asked, server)
        return Step(sent, kept=sent <= client, offered=asked <= server, cpu_us=1.0)

    assert highest(attempt, 2_000).rate == rate


def test_a_client_that_keeps_up_with_nothing_has_no_rate() -> None:
    """The search ends downwards, too."""
    with pytest.raises(Lost, match="does not keep up with"):
        highest(lambda rate: Step(rate, False, True, 1.0), 2_000)


def test_the_library_of_a_peer_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every contender's module can be imported without the peers' libraries."""
    for module in (
        "ccxt",
        "cryptofeed",
        "matplotlib",
        "nautilus_trader",
        "picows",
        "pybit",
        "trustme",
        "upbit",
    ):
        monkeypatch.setitem(sys.modules, module, None)
        for loaded in [
            m for m in sys.modules if m.startswith("tests.programs.benchmarks")
        ]:
            monkeypatch.delitem(sys.modules, loaded)

        import tests.programs.benchmarks.__main__
        import tests.programs.benchmarks.chart  # noqa: F401
