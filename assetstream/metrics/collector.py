"""``Collector``: the figures of ``health()`` as metrics, read when they are scraped."""

from __future__ import annotations

import math
import threading
from collections import Counter
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Iterable, Literal, Mapping, Union

from assetstream.libraries import install_command
from assetstream.metrics.relay_figures import (
    RELAY_COUNTERS,
    RELAY_GAUGES,
    RelaySource,
    figures_of,
)
from assetstream.model.errors import ConfigurationError
from assetstream.model.health import Health
from assetstream.model.public import make_public
from assetstream.model.states import State
from assetstream.streams.group import Group
from assetstream.streams.stream import Stream, run_of

if TYPE_CHECKING:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

    Family = Union[CounterMetricFamily, GaugeMetricFamily]

__all__ = ["Accounts", "Collector", "as_label"]

#: Which accounts have a series of their own.
Accounts = Literal["troubled", "all", "none"]

#: Troubled accounts that have a series of their own: each costs Prometheus memory.
MOST_ACCOUNTS = 100

#: Field of ``Health`` -> what it counts; the series are by exchange.
COUNTERS = {
    "reconnects": "Attempts to connect after each account's first, failed ones too.",
    "folded": "Updates folded into newer ones because callbacks were slow.",
    "dropped": "Updates that stop() left undelivered.",
    "ignored": "Pushes older than what was known.",
    "callback_errors": "Times a handler raised.",
    "audits": "Comparisons with REST that were completed.",
    "drifts": "Currencies that such a comparison corrected.",
}
#: Gauge -> its labels, and what it shows.
GAUGES = {
    "accounts": (
        ["exchange", "state"],
        "Accounts in each state.",
    ),
    "oldest_proof_seconds": (
        ["exchange"],
        "Since the last frame or pong of the LIVE account that was longest without; "
        "of a remote stream, as far as its owner has told.",
    ),
    "detection_seconds": (
        ["exchange"],
        "Longest time until a change that was never pushed to a LIVE account is found; "
        "infinite where audits are off. Remote streams are audited by their owners.",
    ),
    "pending_events": (
        ["exchange"],
        "Updates, errors and changes of state that wait for their handlers.",
    ),
    "doubtful_balances": (
        ["exchange"],
        "Balances in doubt.",
    ),
    "account_live": (
        ["exchange", "account"],
        "1 while LIVE; unless all were asked for, of accounts that are not, or have a "
        "balance in doubt.",
    ),
    "accounts_left_out": (
        [],
        "Troubled accounts without a series of their own.",
    ),
    "balance": (
        ["exchange", "account", "currency", "part"],
        "Balances that are not stale, rounded to a float.",
    ),
}

#: Who has left an exchange that nobody has left.
NOTHING: Counter[str] = Counter()

#: Of accounts in trouble, those come first that nothing but a person helps.
URGENCY = {State.FAILED: 0, State.LIVE: 2}


class Collector:
    """The metrics of a stream, group or relay, for a registry of ``prometheus_client``.

        REGISTRY.register(Collector(group))

    For whoever serves metrics of a program's own already; ``serve_metrics`` is for
    those who do not. What it shows is read from ``health()`` at each scrape, in the
    thread that asks, and nothing that a stream waits for is held up. Accounts may come
    and go: what those counted that a scrape has seen stays in the sums. One that comes
    and goes between two scrapes is never seen.

    Labels are texts of ours and yours; what is not printable in a label is escaped, as
    ``\\n``, for Prometheus reads it wrongly, or refuses all the rest with it.

    Args:
        source: the stream, the group, or the ``Relay``. It may be stopped meanwhile:
            its last figures are shown.
        accounts: which ones have a series of their own: ``troubled``, those that are
            not LIVE or have a balance in doubt, 100 at most (failed ones first, and
            how many are left out is a metric, too); ``all``; or ``none``.
        balances: show the balances, too, of all accounts. They are private, whoever
            can read the metrics reads them, and they are floats there, so not exact. A
            balance that is stale has no series until it is not.

    Raises:
        ConfigurationError: an argument is wrong, or prometheus-client is missing: the
            extra ``metrics`` brings it.
    """

    def __init__(
        self,
        source: Stream | Group[Any] | RelaySource,
        *,
        accounts: Accounts = "troubled",
        balances: bool = False,
    ) -> None:
        self._relay: RelaySource | None = None
        if not isinstance(source, (Stream, Group)):
            if not isinstance(source, RelaySource):
                raise ConfigurationError(
                    "metrics are made of a stream, a group or a relay, not of "
                    f"{type(source).__name__}"
                )
            self._relay, source = source, source.group
        if accounts not in ("troubled", "all", "none"):
            raise ConfigurationError(
                f'accounts must be "troubled", "all" or "none", not {accounts!r}'
            )
        self._source = source
        self._accounts = accounts
        self._balances = balances
        # Two may scrape at once; no stream ever waits for it.
        self._lock = threading.Lock()
        # Whose figures are in the sums, but those that were added up below.
        self._counted: set[Stream] = set()
        # exchange -> what the accounts counted that have left.
        self._left: dict[str, Counter[str]] = {}
        self._families()

    def describe(self) -> Iterable[Metric]:
        """Return the metrics without figures; the registry asks for them."""
        return self._families().values()

    def collect(self) -> Iterable[Metric]:
        """Return the metrics of this moment; the registry asks for them."""
        families = self._families()
        with self._lock:
            found = {stream: stream.health() for stream in self._streams()}
            ending = self._let_go(found)
            left = {place: counted.copy() for place, counted in self._left.items()}
        present, leaving = _by_exchange(found), _by_exchange(ending)
        for exchange in {**left, **present, **leaving}:
            healths = present.get(exchange, [])
            counting = [*healths, *leaving.get(exchange, [])]
            for name in COUNTERS:
                counted = left.get(exchange, NOTHING)[name] + _sum(name, counting)
                families[name].add_metric([exchange], counted)
            _add_gauges(families, exchange, healths)
        if self._accounts != "none":
            self._add_accounts(families, found)
        if self._balances:
            _add_balances(families["balance"], found)
        if self._relay is not None:
            for name, value in figures_of(self._relay).items():
                families[f"relay_{name}"].add_metric([], value)
        return families.values()

    def _streams(self) -> list[Stream]:
        if isinstance(self._source, Group):
            return list(self._source.streams.values())
        return [self._source]

    def _let_go(self, found: Mapping[Stream, Health]) -> dict[Stream, Health]:
        """Add up what those have counted that have left; return who still counts."""
        ending = {}
        for stream in self._counted - found.keys():
            health = stream.health()
            if health.state.final:
                counted = {name: _sum(name, [health]) for name in COUNTERS}
                self._left.setdefault(_place(stream), Counter()).update(counted)
            else:  # remove() has just begun
                ending[stream] = health
        self._counted = {*found, *ending}
        return ending

    def _families(self) -> dict[str, Family]:
        try:
            from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
        except ModuleNotFoundError as exc:
            if (exc.name or "").partition(".")[0] != "prometheus_client":
                raise
            raise ConfigurationError(
                "metrics need the package prometheus-client",
                remedy=f"Install it by `{install_command('metrics')}`.",
            ) from None
        made: dict[str, Family] = {}
        for name, text in COUNTERS.items():
            made[name] = CounterMetricFamily(_full(name), text, labels=["exchange"])
        left_out = set()
        if self._accounts == "none":
            left_out |= {"account_live", "accounts_left_out"}
        if not self._balances:
            left_out.add("balance")
        for name, (labels, text) in GAUGES.items():
            if name not in left_out:
                made[name] = GaugeMetricFamily(_full(name), text, labels=labels)
        if self._relay is not None:
            for name, text in RELAY_COUNTERS.items():
                name = f"relay_{name}"
                made[name] = CounterMetricFamily(_full(name), text, labels=[])
            for name, text in RELAY_GAUGES.items():
                name = f"relay_{name}"
                made[name] = GaugeMetricFamily(_full(name), text, labels=[])
        return made

    def _add_accounts(
        self,
        families: Mapping[str, Family],
        found: Mapping[Stream, Health],
    ) -> None:
        shown, left_out = list(found.items()), 0
        if self._accounts == "troubled":
            troubled = [each for each in shown if _is_troubled(each[1])]
            troubled.sort(key=lambda each: URGENCY.get(each[1].state, 1))
            shown = troubled[:MOST_ACCOUNTS]
            left_out = len(troubled) - len(shown)
        for stream, health in shown:
            labels = [_place(stream), as_label(stream.account)]
            families["account_live"].add_metric(labels, health.state is State.LIVE)
        families["accounts_left_out"].add_metric([], left_out)


def as_label(text: str) -> str:
    """Escape what Prometheus cannot take as the value of a label, or reads wrongly."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode()
        for char in text
    )


def _full(name: str) -> str:
    return f"assetstream_{name}"


def _place(stream: Stream) -> str:
    return run_of(stream).origin.name


def _by_exchange(found: Mapping[Stream, Health]) -> dict[str, list[Health]]:
    places: dict[str, list[Health]] = {}
    for stream, health in found.items():
        places.setdefault(_place(stream), []).append(health)
    return places


def _sum(name: str, healths: Iterable[Health]) -> int:
    return sum(map(attrgetter(name), healths))


def _add_gauges(
    families: Mapping[str, Family],
    exchange: str,
    healths: list[Health],
) -> None:
    states = Counter(health.state for health in healths)
    for state in State:
        labels = [exchange, state.value.lower()]
        families["accounts"].add_metric(labels, states[state])
    live = [health for health in healths if health.state is State.LIVE]
    gauges: dict[str, float] = {
        "pending_events": sum(health.pending for health in healths),
        "doubtful_balances": sum(len(health.in_doubt) for health in healths),
    }
    # None is LIVE: no number would be true, and 0 would look best of all.
    if live:
        proofs = [h.last_proof for h in live if h.last_proof is not None]
        gauges["oldest_proof_seconds"] = max(proofs, default=math.inf)
    # Those of another process are audited there, and counted there.
    own = [health for health in live if not health.owner]
    if own:
        gauges["detection_seconds"] = max(
            math.inf if health.detection_time is None else health.detection_time
            for health in own
        )
    for name, value in gauges.items():
        families[name].add_metric([exchange], value)


def _add_balances(family: Family, streams: Iterable[Stream]) -> None:
    for stream in streams:
        account = as_label(stream.account)
        for currency, balance in stream.balances.items():
            if not balance.stale:
                labels = [_place(stream), account, as_label(currency)]
                family.add_metric([*labels, "available"], float(balance.available))
                family.add_metric([*labels, "locked"], float(balance.locked))


def _is_troubled(health: Health) -> bool:
    return health.state is not State.LIVE or bool(health.in_doubt)


make_public(Collector)
