"""The metrics of streams and groups, as text that Prometheus reads."""

from __future__ import annotations

import gc
import math
import random
import re
import sys
import threading
import weakref
from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from assetstream import (
    AssetStream,
    Collector,
    ConfigurationError,
    State,
    StreamGroup,
)
from assetstream.metrics.collector import COUNTERS, GAUGES, MOST_ACCOUNTS, as_label
from assetstream.metrics.relay_figures import RELAY_COUNTERS, RELAY_GAUGES
from assetstream.simulator import Account
from tests.metrics.scrapes import Figured, scrape
from tests.support.documents import block_with
from tests.support.event_recorder import PATIENCE
from tests.support.processes import ROOT


def test_figures_are_summed_up_by_exchange() -> None:
    """Counters and gauges are sums, times the longest of the LIVE accounts."""
    group = StreamGroup(
        [
            Figured("a", audits=3, drifts=1, pending=2, last_proof=4.0),
            Figured("b", audits=4, in_doubt=("BTC", "ETH"), detection_time=100.0),
            Figured("c", audits=9, state=State.STALE, last_proof=70.0),
            Figured("d", "coinw", reconnects=7),
        ]
    )
    found = scrape(Collector(group))

    assert found["audits_total{exchange=upbit}"] == 16
    assert found["audits_total{exchange=coinw}"] == 0
    assert found["drifts_total{exchange=upbit}"] == 1
    assert found["reconnects_total{exchange=coinw}"] == 7
    assert found["accounts{exchange=upbit,state=live}"] == 2
    assert found["accounts{exchange=upbit,state=stale}"] == 1
    assert found["accounts{exchange=upbit,state=failed}"] == 0
    assert found["accounts{exchange=coinw,state=live}"] == 1
    assert found["oldest_proof_seconds{exchange=upbit}"] == 4
    assert found["detection_seconds{exchange=upbit}"] == 100
    assert found["pending_events{exchange=upbit}"] == 2
    assert found["doubtful_balances{exchange=upbit}"] == 2


def test_a_stream_has_the_metrics_of_a_group(account: Account) -> None:
    """From before its start until after its end."""
    stream = AssetStream(account.exchange(), account="main")
    collector = Collector(stream)
    name = account.exchange().name
    new = scrape(collector)
    with stream:
        live = scrape(collector)
    stopped = scrape(collector)

    assert new[f"accounts{{exchange={name},state=new}}"] == 1
    assert live[f"accounts{{exchange={name},state=live}}"] == 1
    assert f"oldest_proof_seconds{{exchange={name}}}" in live
    assert not [series for series in live if series.startswith("account_live{")]
    assert stopped[f"accounts{{exchange={name},state=stopped}}"] == 1
    assert stopped[f"account_live{{account=main,exchange={name}}}"] == 0


def test_no_number_looks_good_where_there_is_none() -> None:
    """Without a LIVE account there is no proof, and with audits off no detection."""
    stale = Figured("a", state=State.STALE, last_proof=70.0)
    blind = Figured("b", "coinw", detection_time=None)
    found = scrape(Collector(StreamGroup([stale, blind])))

    assert "oldest_proof_seconds{exchange=upbit}" not in found
    assert "detection_seconds{exchange=upbit}" not in found
    assert found["detection_seconds{exchange=coinw}"] == math.inf


def test_what_another_process_audits_is_its_figure() -> None:
    """An alert of audits that are off would be a false one."""
    remote = Figured("a", detection_time=None, owner="w1", lag=0.3, last_proof=0.4)
    found = scrape(Collector(remote))

    assert "detection_seconds{exchange=upbit}" not in found
    assert found["oldest_proof_seconds{exchange=upbit}"] == 0.4


def test_counters_never_go_back_when_members_leave() -> None:
    """What a member has counted since the last scrape is in the sums, too."""
    staying, leaving = Figured("a", audits=1), Figured("b", audits=10)
    group = StreamGroup([staying, leaving])
    collector = Collector(group)
    assert scrape(collector)["audits_total{exchange=upbit}"] == 11

    leaving.figures["audits"] = 12
    group.remove("b")
    assert scrape(collector)["audits_total{exchange=upbit}"] == 13

    # Its callbacks have not ended: it counts on, but is an account no more.
    leaving.figures["audits"] = 13
    found = scrape(collector)
    assert found["audits_total{exchange=upbit}"] == 14
    assert sum(v for k, v in found.items() if k.startswith("accounts{")) == 1

    leaving.figures |= {"state": State.STOPPED, "audits": 14}
    assert scrape(collector)["audits_total{exchange=upbit}"] == 15
    # Another of its label begins at nothing.
    group.add(Figured("b", audits=2))
    assert scrape(collector)["audits_total{exchange=upbit}"] == 17

    for account in ("a", "b"):
        group[account].figures["state"] = State.STOPPED
        group.remove(account)
    found = scrape(collector)
    assert found["audits_total{exchange=upbit}"] == 17
    assert found["accounts{exchange=upbit,state=live}"] == 0


@pytest.mark.parametrize("seed", range(5))
def test_counters_are_monotone_whatever_comes_and_goes(seed: int) -> None:
    """At each scrape they are what all that were ever scraped have counted."""
    luck = random.Random(seed)
    group = StreamGroup()
    collector = Collector(group)
    seen, before = set[Figured](), Counter[str]()
    gone: list[Figured] = []
    for number in range(150):
        act = luck.choice(["add", "remove", "end", "scrape", "count", "count"])
        members = list(group)
        if act == "add":
            group.add(Figured(f"{number}", luck.choice(["upbit", "coinw"])))
        elif act == "remove" and members:
            gone.append(luck.choice(members))
            group.remove(gone[-1].account)
        elif act == "end" and gone:
            gone.pop().figures["state"] = State.STOPPED
        elif act == "count":
            for each in (*members, *gone):
                name = luck.choice([*COUNTERS])
                each.figures[name] = each.figures.get(name, 0) + luck.randrange(3)
        elif act == "scrape":
            seen |= {*members}
            found = scrape(collector)
            after = Counter({k: v for k, v in found.items() if "_total{" in k})
            for name in COUNTERS:
                for place in ("upbit", "coinw"):
                    assert after[f"{name}_total{{exchange={place}}}"] == sum(
                        each.figures.get(name, 0)
                        for each in seen
                        if each.exchange.name == place
                    )
            assert not before - after
            before = after

    assert before.total() > 0


def test_whoever_has_left_is_let_go() -> None:
    """After the next scrape nothing of it is kept but its counts."""
    group = StreamGroup([Figured("a", audits=5)])
    collector = Collector(group)
    scrape(collector)
    group["a"].figures["state"] = State.STOPPED
    gone = weakref.ref(group["a"])
    group.remove("a")
    assert scrape(collector)["audits_total{exchange=upbit}"] == 5
    gc.collect()

    assert gone() is None


def test_two_that_scrape_at_once_count_nobody_twice() -> None:
    """Members leave and come meanwhile."""
    group = StreamGroup()
    collector = Collector(group)
    over = threading.Event()
    sums: list[list[float]] = [[], []]

    def scrape_on(into: list[float]) -> None:
        while not over.is_set():
            into.append(scrape(collector).get("audits_total{exchange=upbit}", 0))

    threads = [threading.Thread(target=scrape_on, args=(each,)) for each in sums]
    for thread in threads:
        thread.start()
    for number in range(60):
        group.add(Figured("a", audits=1))
        scrape(collector)
        group["a"].figures["state"] = State.STOPPED
        group.remove("a")
        assert scrape(collector)["audits_total{exchange=upbit}"] == number + 1
    over.set()
    for thread in threads:
        thread.join(PATIENCE)

    for each in sums:
        assert each == sorted(each)


def troubled(found: dict[str, float]) -> dict[str, float]:
    """Return the accounts with a series of their own, and whether each is LIVE."""
    names = {re.search(r"account=([^,]*)", k): v for k, v in found.items()}
    return {str(name[1]): value for name, value in names.items() if name}


def test_only_troubled_accounts_have_a_series() -> None:
    """Those that are not LIVE, and those with a balance in doubt."""
    group = StreamGroup(
        [
            Figured("fine"),
            Figured("doubtful", in_doubt=("BTC",)),
            Figured("stale", state=State.STALE),
            Figured("failed", "coinw", state=State.FAILED),
        ]
    )
    found = scrape(Collector(group))

    assert troubled(found) == {"failed": 0, "stale": 0, "doubtful": 1}
    assert found["accounts_left_out"] == 0
    everyone = scrape(Collector(group, accounts="all"))
    assert troubled(everyone) == troubled(found) | {"fine": 1}
    nobody = scrape(Collector(group, accounts="none"))
    assert troubled(nobody) == {}
    assert "accounts_left_out" not in nobody


def test_the_number_of_series_is_bounded() -> None:
    """Past 100 troubled accounts the failed come first, and the others are counted."""
    doubtful = [Figured(f"doubtful-{n}", in_doubt=("BTC",)) for n in range(99)]
    stale = [Figured(f"stale-{n}", state=State.STALE) for n in range(99)]
    failed = [Figured(f"failed-{n}", state=State.FAILED) for n in range(2)]
    found = scrape(Collector(StreamGroup([*doubtful, *stale, *failed])))
    shown = [name.partition("-")[0] for name in troubled(found)]

    assert MOST_ACCOUNTS == 100
    assert Counter(shown) == {"failed": 2, "stale": 98}
    assert found["accounts_left_out"] == 100
    assert len(found) < 130
    everyone = scrape(Collector(StreamGroup(), accounts="all"))
    assert everyone == {"accounts_left_out": 0}


def test_balances_are_shown_only_if_they_are_asked_for(account: Account) -> None:
    """One that is stale has no series: a number would look as good as any."""
    stream = AssetStream(account.exchange(), account="main")
    collector = Collector(stream, balances=True)
    label = f"account=main,currency=BTC,exchange={account.exchange().name}"
    with stream:
        found = scrape(collector)
        assert found[f"balance{{{label},part=available}}"] == 1.0
        assert found[f"balance{{{label},part=locked}}"] == 0.0
        quiet = scrape(Collector(stream, accounts="all"))

    assert not [series for series in quiet if series.startswith("balance")]
    stopped = scrape(collector)
    assert not [series for series in stopped if series.startswith("balance")]


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("main", "main"),
        ('a "b" \\c', 'a "b" \\c'),
        ("한국 🦊", "한국 🦊"),
        ("two\nlines\r", "two\\nlines\\r"),
        ("nothing\0", "nothing\\x00"),
        ("half \ud83e", "half \\ud83e"),
        ("a\u2028\x85", "a\\u2028\\x85"),
    ],
)
def test_labels_are_what_prometheus_can_take(label: str, shown: str) -> None:
    """What is not printable is escaped; the rest of the text stands."""
    found = scrape(Collector(Figured(label, state=State.STALE)))

    assert as_label(label) == shown
    assert found[f"account_live{{account={shown},exchange=upbit}}"] == 0
    assert len(found) > 10


def test_nothing_that_a_stream_waits_for_is_held_or_waited_for() -> None:
    """A scrape ends while members come and go, which takes the group's lock."""
    group = StreamGroup([Figured("a")])
    collector = Collector(group)
    done: list[dict[str, float]] = []
    with group._lock:
        thread = threading.Thread(target=lambda: done.append(scrape(collector)))
        thread.start()
        thread.join(PATIENCE)
        assert done
    # And while another scrape holds the collector's own, members come and go.
    with collector._lock:
        group.add(Figured("b"))
        group.remove("a")

    assert [*group.streams] == ["b"]


class Relayed:
    """A relay that owns one account."""

    def __init__(self, **figures: Any) -> None:
        self.group = StreamGroup([Figured("a", audits=3)])
        self._figures = {**dict.fromkeys(RELAY_COUNTERS, 0), "owned": 1, **figures}

    def health(self) -> Any:
        return SimpleNamespace(**self._figures)


def test_a_relay_has_the_metrics_of_its_streams_and_its_own() -> None:
    """How good its word is, and what has befallen it."""
    relay = Relayed(pulse_age=0.25, published=7, fenced=1, resets=2, takeovers=3)

    found = scrape(Collector(relay))

    assert found["audits_total{exchange=upbit}"] == 3
    assert {name: value for name, value in found.items() if "relay" in name} == {
        "relay_owned_accounts": 1,
        "relay_pulse_age_seconds": 0.25,
        "relay_published_total": 7,
        "relay_fenced_total": 1,
        "relay_resets_total": 2,
        "relay_takeovers_total": 3,
    }
    before = scrape(Collector(Relayed(pulse_age=None)))
    assert before["relay_pulse_age_seconds"] == math.inf
    assert not [name for name in scrape(Collector(relay.group)) if "relay" in name]


def test_a_registry_refuses_the_same_metrics_twice() -> None:
    """It is told the names without a figure being read."""

    class Unread(Figured):
        def health(self) -> Any:
            raise AssertionError

    registry = CollectorRegistry()
    registry.register(Collector(Unread("a")))
    with pytest.raises(ValueError, match="assetstream_reconnects"):
        registry.register(Collector(Unread("b")))


def test_every_metric_has_its_line_in_the_manual() -> None:
    """Each with its kind, its labels, and nothing that is no metric."""
    manual = (ROOT / "docs/operating/metrics.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `assetstream_(\w+)(?:\{([\w,]*)\})?` \|", manual, re.M)
    listed = {name: [*filter(None, labels.split(","))] for name, labels in rows}
    known: dict[str, list[str]] = {f"{name}_total": ["exchange"] for name in COUNTERS}

    known |= {name: labels for name, (labels, _) in GAUGES.items()}
    known |= {f"relay_{name}_total": [] for name in RELAY_COUNTERS}
    known |= {f"relay_{name}": [] for name in RELAY_GAUGES}

    assert listed == known


@pytest.mark.parametrize(
    ("source", "options", "words"),
    [
        ("a stream", {}, "not of str"),
        (None, {"accounts": "some"}, "not 'some'"),
        (None, {"accounts": ["all"]}, "not \\['all'\\]"),
    ],
)
def test_what_cannot_be_is_refused(
    source: Any, options: dict[str, Any], words: str
) -> None:
    """The text says what is possible."""
    with pytest.raises(ConfigurationError, match=words):
        Collector(source or Figured("a"), **options)


def test_the_sample_in_the_docstring_registers_a_group() -> None:
    """The process's own registry has its metrics from then on."""
    registry = CollectorRegistry()
    group = StreamGroup([Figured("a")])
    sample = block_with("register", "assetstream.Collector")
    exec(sample, {"REGISTRY": registry, "Collector": Collector, "group": group})

    labels = {"exchange": "upbit", "state": "live"}
    assert registry.get_sample_value("assetstream_accounts", labels) == 1


def test_a_missing_library_is_named_with_its_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One that is there and lacks something is told as it is."""
    for name in ("prometheus_client", "prometheus_client.core"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ConfigurationError) as caught:
        Collector(Figured("a"))
    assert "prometheus-client" in caught.value.problem
    assert "[metrics]" in caught.value.remedy


def test_an_openmetrics_scrape_says_the_same() -> None:
    """Prometheus asks for that form first."""
    from prometheus_client.openmetrics.exposition import generate_latest as other
    from prometheus_client.openmetrics.parser import text_string_to_metric_families

    registry = CollectorRegistry()
    registry.register(Collector(Figured("half \ud83e\n", state=State.STALE)))
    families = text_string_to_metric_families(other(registry).decode())
    series = sum(len(family.samples) for family in families)

    assert series == len(
        re.findall(r"^\w", generate_latest(registry).decode(), re.MULTILINE)
    )
