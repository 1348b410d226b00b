"""What we serve, and the files for operators, in a real Prometheus."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Iterator

import pytest

from assetstream import AssetStream, Collector, State, StreamGroup, serve_metrics
from assetstream.metrics.collector import COUNTERS, GAUGES
from assetstream.simulator import Simulator
from tests.metrics.scrapes import Figured
from tests.programs.prometheus import OPERATING, Prometheus, found, panels
from tests.support.processes import ROOT

pytestmark = pytest.mark.programs

#: What no registry lets pass, and what Prometheus itself would not: half a surrogate
#: pair, a line break, a character of nothing.
ODD = 'half \ud83e, "two"\nlines \\ and \0'
SHOWN = 'half \\ud83e, "two"\\nlines \\ and \\x00'


def promtool(*arguments: str, given: str = "") -> str:
    """Run it; return what it prints."""
    done = subprocess.run(
        [found("promtool"), *arguments],
        input=given,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_rules_are_understood() -> None:
    """Each of them, and each fires when it should, and not before."""
    alerts = (OPERATING / "alerts.yml").read_text(encoding="utf-8")
    tested = (ROOT / "tests/metrics/alerts_test.yml").read_text(encoding="utf-8")
    names = re.findall(r"- alert: (\w+)", alerts)

    assert f"{len(names)} rules found" in promtool(
        "check", "rules", str(OPERATING / "alerts.yml")
    )
    assert {*re.findall(r"alertname: (\w+)", tested)} == {*names}
    promtool("test", "rules", "tests/metrics/alerts_test.yml")


def test_the_configuration_is_understood() -> None:
    """It finds its rules beside it."""
    said = promtool("check", "config", str(OPERATING / "prometheus.yml"))

    assert "1 rule files found" in said


def test_what_we_serve_follows_the_conventions() -> None:
    """Names and texts of all metrics, labels of every kind."""
    from prometheus_client import CollectorRegistry, generate_latest

    registry = CollectorRegistry()
    group = StreamGroup([Figured(ODD, state=State.STALE), Figured("b", "coinw")])
    registry.register(Collector(group, accounts="all", balances=True))
    text = generate_latest(registry).decode()

    assert text.count("# TYPE") == len(COUNTERS) + len(GAUGES)
    assert promtool("check", "metrics", given=text) == ""


@pytest.fixture(scope="module")
def scraped(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Prometheus, StreamGroup]]:
    """A group of three, one of them refused, that a Prometheus scrapes."""
    program = found("prometheus")
    with Simulator(rate_limits=False) as exchange:
        upbit = exchange.upbit({"BTC": "1"})
        coinw = exchange.coinw({"USDT": "1000"})
        refused = exchange.upbit(permissions=[])
        streams = [
            AssetStream(upbit.exchange(), account="alice"),
            AssetStream(coinw.exchange(), account="bob"),
            AssetStream(refused.exchange(), account=ODD),
        ]
        with (
            StreamGroup(streams, on_error=lambda error: None) as group,
            serve_metrics(group, 0, accounts="all", balances=True) as served,
            Prometheus(
                program, tmp_path_factory.mktemp("prometheus"), served
            ) as prometheus,
        ):
            prometheus.wait_for(
                lambda: prometheus.values("count_over_time(up[1m]) > 3")
            )
            yield prometheus, group


def test_prometheus_has_every_metric(
    scraped: tuple[Prometheus, StreamGroup],
) -> None:
    """It is told of none that it does not understand."""
    prometheus, _ = scraped
    names = prometheus.get("label/__name__/values")
    ours = {name.removeprefix("assetstream_") for name in names if "assets" in name}

    assert ours == {*GAUGES, *(f"{name}_total" for name in COUNTERS)}
    (target,) = prometheus.get("targets")["activeTargets"]
    assert (target["health"], target["lastError"]) == ("up", "")


def test_prometheus_has_the_states_and_the_labels(
    scraped: tuple[Prometheus, StreamGroup],
) -> None:
    """An odd label comes out as it was escaped."""
    prometheus, group = scraped
    live = 'assetstream_accounts{state="live"}'

    assert prometheus.values(f"sum({live})") == [2]
    assert prometheus.values('sum(assetstream_accounts{state="failed"})') == [1]
    accounts = prometheus.get("label/account/values")
    assert {*accounts} == {"alice", "bob", SHOWN}
    (btc,) = prometheus.query('assetstream_balance{currency="BTC",part="available"}')
    assert btc["value"][1] == "1"
    assert len(group) == 3


def test_every_query_of_the_dashboard_has_an_answer(
    scraped: tuple[Prometheus, StreamGroup],
) -> None:
    """Each result has the labels that its legend names."""
    prometheus, _ = scraped
    tried = 0
    for panel in panels("1m"):
        for legend, query in panel.queries:
            result = prometheus.query(query)
            # Nobody is left out here.
            assert result or "left_out" in query, query
            for series in result:
                assert {*re.findall(r"{{(\w+)}}", legend)} <= {*series["metric"]}
            tried += 1

    assert tried > 12
    exchanges = prometheus.get("label/exchange/values")
    assert {*exchanges} == {"upbit", "coinw"}


def test_the_rules_are_evaluated(scraped: tuple[Prometheus, StreamGroup]) -> None:
    """The alert of the account that has failed fires, and says how many."""
    prometheus, _ = scraped

    def rules() -> dict[str, dict[str, object]]:
        (group,) = prometheus.get("rules")["groups"]
        return {rule["name"]: rule for rule in group["rules"]}

    prometheus.wait_for(lambda: rules()["AccountFailed"]["state"] == "firing")
    assert {rule["health"] for rule in rules().values()} == {"ok"}
    (alert,) = [
        alert
        for alert in prometheus.get("alerts")["alerts"]
        if alert["labels"]["alertname"] == "AccountFailed"
    ]
    assert alert["annotations"]["summary"].startswith("accounts of upbit that have fai")
    assert alert["annotations"]["summary"].endswith(": 1")
    assert alert["labels"]["severity"] == "page"


def test_a_program_that_is_gone_is_noticed(tmp_path: Path) -> None:
    """Its target is down, which is what the rule looks at."""
    program = found("prometheus")
    with (
        serve_metrics(Figured("a"), 0) as served,
        Prometheus(program, tmp_path, served) as prometheus,
    ):
        prometheus.wait_for(lambda: prometheus.values("up") == [1])
        served.close()
        prometheus.wait_for(lambda: prometheus.values("up") == [0])

        assert prometheus.values('up{job="assetstream"} == 0') == [0]
