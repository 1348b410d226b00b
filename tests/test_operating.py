"""The files for operators: they name what there is, and each other."""

from __future__ import annotations

import json
import re
import shlex
from itertools import combinations
from typing import Any
from urllib.request import urlopen

import pytest
import yaml

from assetstream import (
    AssetStream,
    MetricsServer,
    State,
    StateChange,
    StreamGroup,
    serve_metrics,
)
from assetstream.cli.main import assetstream
from assetstream.metrics.collector import COUNTERS, GAUGES
from assetstream.metrics.relay_figures import RELAY_COUNTERS, RELAY_GAUGES
from assetstream.simulator import Simulator
from tests.support.documents import block_with
from tests.support.event_recorder import PATIENCE
from tests.support.processes import ROOT

OPERATING = ROOT / "docs" / "operating"
METRICS = {f"{name}_total" for name in COUNTERS} | set(GAUGES)
OF_RELAYS = {f"relay_{name}_total" for name in RELAY_COUNTERS}
OF_RELAYS |= {f"relay_{name}" for name in RELAY_GAUGES}
#: The dashboards, and the metrics that each shows.
DASHBOARDS = {"dashboard.json": METRICS - {"balance"}, "fleet.json": OF_RELAYS}


def text_of(name: str) -> str:
    return (OPERATING / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [path.name for path in sorted(OPERATING.iterdir())])
def test_every_metric_that_is_named_exists(name: str) -> None:
    """In queries, rules and texts alike."""
    named = re.findall(r"\bassetstream_(\w+)", text_of(name))

    assert {*named} <= METRICS | OF_RELAYS
    assert named or name in ("compose.yml", "fleet-compose.yml", "prometheus.yml")


@pytest.mark.parametrize("name", DASHBOARDS)
def test_the_dashboards_show_every_metric(name: str) -> None:
    """But those that are private, and one that an operator adds by hand."""
    shown = {*re.findall(r"assetstream_(\w+)", text_of(name))}

    assert shown == DASHBOARDS[name]


@pytest.mark.parametrize("name", DASHBOARDS)
def test_the_dashboards_are_well_formed(name: str) -> None:
    """Panels have a number, a title and a place of their own."""
    dashboard = json.loads(text_of(name))
    panels = dashboard["panels"]

    assert [panel["id"] for panel in panels] == [*range(1, len(panels) + 1)]
    assert len({panel["title"] for panel in panels}) == len(panels)
    for one, other in combinations([panel["gridPos"] for panel in panels], 2):
        assert (
            one["x"] + one["w"] <= other["x"]
            or other["x"] + other["w"] <= one["x"]
            or one["y"] + one["h"] <= other["y"]
            or other["y"] + other["h"] <= one["y"]
        )
    variables = {each["name"] for each in dashboard["templating"]["list"]}
    used = {*re.findall(r"\$\{?(\w+)", text_of(name))}
    assert used - {"__rate_interval", "__all"} == variables


def test_the_sample_of_the_guide_serves_a_group(
    monkeypatch: pytest.MonkeyPatch, exchange: Simulator
) -> None:
    """While it runs, and at a free port here."""
    served = list[MetricsServer]()

    def serve(source: StreamGroup) -> None:
        served.append(serve_metrics(source, 0))

    monkeypatch.setattr("assetstream.serve_metrics", serve)
    stream = AssetStream(exchange.upbit({"BTC": 1}).exchange())
    group = StreamGroup([stream])
    pages = list[str]()

    def scrape(change: StateChange) -> None:
        if change.current is State.LIVE:
            with urlopen(served[0].url, timeout=PATIENCE) as page:
                pages.append(page.read().decode())
            group.stop()

    group.on_state(scrape)
    exec(block_with("serve_metrics", "docs/operating/metrics.md"), {"group": group})
    served[0].close()

    assert 'assetstream_accounts{exchange="upbit",state="live"} 1.0' in pages[0]


def test_every_alert_has_its_chapter() -> None:
    """The page says what to do, alert by alert, in the order of the rules."""
    alerts = re.findall(r"- alert: (\w+)", text_of("alerts.yml"))
    chapters = re.findall(r"^## (\w+)$", text_of("alerts.md"), re.MULTILINE)

    assert alerts == chapters
    for chapter in re.split(r"^## \w+$", text_of("alerts.md"), flags=re.M)[1:]:
        assert re.search(r"^1\. ", chapter, re.MULTILINE), chapter


def test_the_containers_run_what_there_is() -> None:
    """The command is valid, and what is mounted is there."""
    compose: dict[str, Any] = yaml.safe_load(text_of("compose.yml"))
    ours, prometheus = (
        compose["services"][each] for each in ("assetstream", "prometheus")
    )
    name, *options = ours["command"]
    given = assetstream.commands[name].make_context(name, options).params

    assert given["metrics"] == ("0.0.0.0", 9464)
    assert "ports" not in ours
    assert all(each.startswith("127.0.0.1:") for each in prometheus["ports"])
    image = ours["build"]["dockerfile_inline"]
    extras = re.search(r"/src\[(.+)\]", image)
    assert extras
    assert extras[1] == "cli,metrics"
    assert (OPERATING / ours["build"]["context"]).resolve() == ROOT
    assert shlex.split(image.splitlines()[-1])[0] == "ENTRYPOINT"
    mounted = [each.partition(":")[0] for each in prometheus["volumes"]]
    assert [each for each in mounted if not (OPERATING / each).exists()] == [
        *compose["volumes"]
    ]


def test_the_containers_scrape_as_the_file_does() -> None:
    """The same, but for the target's name."""
    inline = yaml.safe_load(text_of("compose.yml"))["configs"]["prometheus"]["content"]
    within = text_of("prometheus.yml").replace("127.0.0.1:9464", "assetstream:9464")

    assert yaml.safe_load(inline) == yaml.safe_load(within)


def test_the_containers_of_a_fleet_run_what_there_is() -> None:
    """An engine, two relays with the keys, and three readers without any."""
    services = yaml.safe_load(text_of("fleet-compose.yml"))["services"]
    relays = [each for name, each in services.items() if name.startswith("relay")]
    readers = [each for name, each in services.items() if name.startswith("reader")]

    assert (len(relays), len(readers)) == (2, 3)
    assert set(services) >= {"engine"}
    for ours in (*relays, *readers):
        name, *options = ours["command"]
        given = assetstream.commands[name].make_context(name, options).params
        assert "redis://engine" in (given.get("target"), given.get("source"))
        assert ("env_file" in ours) is (name == "relay")
        assert "ports" not in ours
        image = ours["build"]["dockerfile_inline"]
        assert "/src[cli,metrics,redis]" in image
        assert (OPERATING / ours["build"]["context"]).resolve() == ROOT
    assert len(relays) * given_share(relays[0]) <= 1
    assert "noeviction" in services["engine"]["command"]


def given_share(relay: dict[str, Any]) -> float:
    """Return the part of each limit that a relay uses."""
    name, *options = relay["command"]
    share: float = (
        assetstream.commands[name].make_context(name, options).params["share"]
    )
    return share
