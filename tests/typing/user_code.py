"""Code as users write it, for type checkers only; it is never run.

Mistakes are here, too: a checker that does not find one finds its ``ignore`` unused.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Mapping

from pandas import DataFrame
from prometheus_client import REGISTRY
from typing_extensions import assert_never, assert_type

import assetstream
from assetstream import (
    Archive,
    ArchiveHealth,
    AssetStream,
    AssetStreamError,
    AssetUpdate,
    AuthenticationError,
    Balance,
    CallbackError,
    CoinW,
    Collector,
    Exchange,
    Gap,
    Group,
    GroupHealth,
    Health,
    History,
    MetricsServer,
    Progress,
    ProtocolError,
    RateLimited,
    Relay,
    RelayHealth,
    RemoteGroup,
    RemoteStream,
    Source,
    StaleBalance,
    State,
    StateChange,
    Stream,
    StreamGroup,
    StreamTimeout,
    Upbit,
    Updates,
    serve_metrics,
)
from assetstream.simulator import Account, CoinWAccount, Order, Simulator, UpbitAccount

# Exchanges and streams.

upbit = Upbit(region="sg")
coinw = CoinW("key", "secret")
stream = AssetStream(upbit)
AssetStream(coinw, account="mine", audit_interval=None, connect_timeout=5, proxy=None)
AssetStream(Upbit("key", "secret", region="kr", format="SIMPLE", algorithm="HS512"))
assert_type(stream.exchange, Exchange)

Upbit()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
Upbit(region="us")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Upbit(region="sg", format="LIST")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
AssetStream("upbit")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
AssetStream(upbit, print)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
AssetStream(upbit, audit_interval="never")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

# Handlers: functions, lambdas, decorators, methods, partials. Nobody minds what they
# return.


def show(update: AssetUpdate) -> None:
    print(update)


def log(level: int, error: AssetStreamError) -> None:
    logging.log(level, "%s", error)


AssetStream(upbit, on_asset=show, on_error=print, on_state=print)
AssetStream(upbit, on_asset=lambda update: assert_type(update, AssetUpdate))
AssetStream(upbit, on_error=partial(log, logging.WARNING))
stream.on_asset(lambda update: assert_type(update.change, Decimal))
stream.on_error(lambda error: assert_type(error.fatal, bool))
stream.on_state(lambda change: assert_type(change.current, State))
stream.off(show)


@stream.on_asset
def count(update: AssetUpdate) -> int:
    return len(update.raw)


@stream.on_state
def report(change: StateChange) -> None:
    assert_type(change.gap, Gap | None)
    if change.gap is not None:
        assert_type(change.gap.duration, float)


assert_type(count(AssetUpdate(*("",) * 12)), int)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


@dataclass
class Bot:
    """A class whose methods are handlers."""

    stream: AssetStream

    def run(self) -> None:
        self.stream.on_asset(self.note)
        self.stream.run_forever()

    def note(self, update: AssetUpdate) -> Decimal:
        return update.total


def takes_text(text: str) -> None:
    print(text)


def takes_two(update: AssetUpdate, more: int) -> None:
    print(update, more)


stream.on_asset(takes_text)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
stream.on_asset(takes_two)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
stream.on_error(show)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
stream.on_asset(lambda update: update.chnage)  # type: ignore[attr-defined]  # pyright: ignore[reportUnknownLambdaType, reportUnknownMemberType, reportAttributeAccessIssue]
AssetStream(upbit, on_state=show)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

# What is read.

held: Mapping[str, Balance] = stream.balances
frame: DataFrame = stream.balances.to_pandas()
assert_type(stream.balances["BTC"], Balance)
assert_type(stream.balances["BTC"].available, Decimal)
assert_type(stream.balance("BTC", max_age=30), Balance)
assert_type(stream.balance("BTC", verified=60).verified, float)
assert_type(stream.balance("BTC").to_dict(), dict[str, object])
assert_type(stream.balance("BTC").changed_at, datetime)
assert_type(stream.balance("BTC").age, float)
assert_type(stream.state, State)
assert_type(stream.error, AssetStreamError | None)
assert_type(stream.health(), Health)
assert_type(stream.health().detection_time, float | None)
assert_type(stream.health().doubts, Mapping[str, str])
stream.balances["BTC"] = stream.balance("ETH")  # type: ignore[index]  # pyright: ignore[reportIndexIssue]
stream.balance("BTC").available = Decimal(1)  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]

# Waiting and iterating, in the caller's own thread.

with stream as same:
    assert_type(same, AssetStream)
    for update in stream:
        assert_type(update, AssetUpdate)
        assert_type(update.time, datetime | None)
        assert_type(update.previous, Balance | None)
        break
    with stream.updates() as updates:
        assert_type(updates, Updates)
        assert_type(updates.get(timeout=1.5), AssetUpdate)
    assert_type(stream.wait_for(lambda u: u.change > 0, timeout=None), AssetUpdate)
    held = stream.wait_until(lambda b: b["BTC"].available > 1, timeout=60)
    assert_type(held, Mapping[str, Balance])
    stream.verify(timeout=30)
    with stream.expect(lambda u: u.currency == "BTC" and u.change > 0, 30) as filled:
        time.monotonic()
    assert_type(filled.update, AssetUpdate)
assert_type(stream.stop(), bool)

stream.wait_for(takes_text)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
stream.wait_until(takes_text)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
stream.wait_for(timeout=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def words(source: Source) -> str:
    """Match every source, which a checker verifies."""
    if source is Source.SNAPSHOT:
        return "was there"
    if source is Source.STREAM:
        return "pushed"
    if source is Source.RECOVERED or source is Source.AUDIT:
        return "found"
    assert_never(source)


# Errors.

try:
    stream.start(timeout=10)
except AuthenticationError as error:
    assert_type(error.code, str)
except RateLimited as error:
    assert_type(error.retry_after, float | None)
except (StreamTimeout, StaleBalance) as error:
    assert_type(error.account, str | None)
except ProtocolError as error:
    assert_type(error.frame, bytes)
except CallbackError as error:
    assert_type(error.update, object)
except assetstream.AssetStreamError as error:
    assert_type(error.fatal, bool)

# Many accounts.

group = StreamGroup([stream], on_asset=show, workers=2)
group.on_asset(lambda update: assert_type(update, AssetUpdate))


@group.on_progress
def tell(progress: Progress) -> None:
    assert_type(progress.live, int)


with group:
    assert_type(group.streams, Mapping[str, AssetStream])
    assert_type(group.balances["alice"]["BTC"], Balance)
    assert_type(group.total("BTC", max_age=30, verified=60), Decimal)
    assert_type(group["alice"], AssetStream)
    assert_type([each.account for each in group], list[str])
    assert_type("alice" in group, bool)
    group.verify(timeout=None)
    assert_type(group.health(), GroupHealth)
    assert_type(group.health().states, Mapping[State, int])
    group.add(AssetStream(coinw))
    assert_type(group.remove("alice"), bool)

group.on_progress(show)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
group.add(upbit)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

# Accounts of others.


def any_stream(stream: Stream) -> Decimal:
    return stream.balance("BTC", max_age=3).total


def any_group(group: Group[Stream]) -> Decimal:
    return group.total("BTC") + sum(any_stream(each) for each in group)


with RemoteStream("redis://cache", "alice", on_asset=show, horizon=2) as remote:
    assert_type(remote, RemoteStream)
    assert_type(remote.exchange, str)
    assert_type(remote.health().owner, str)
    assert_type(remote.health().lag, float | None)
    any_stream(remote)
    any_stream(stream)
RemoteStream(None, 7)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

with RemoteGroup("redis://cache", ["alice"], fleet="desk", on_error=print) as remotes:
    assert_type(remotes["alice"], RemoteStream)
    remotes.add("bob")
    any_group(remotes)
    any_group(group)
    Collector(remotes)
RemoteGroup().add(stream)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

relay = Relay("redis://cache", {"alice": upbit, "bob": coinw}, hold="strict", share=0.5)
assert_type(relay.health(), RelayHealth)
assert_type(relay.health().pulse_age, float | None)
assert_type(relay.group, StreamGroup)
Relay(None, {"alice": upbit}, fleet="desk", audit_interval=None, on_error=print)
Relay("redis://cache", [upbit])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Relay("redis://cache", {"alice": upbit}, hold="lax")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
serve_metrics(relay, port=0).close()

# Metrics.

with serve_metrics(group, port=0, accounts="all") as served:
    assert_type(served, MetricsServer)
    assert_type(served.port, int)
serve_metrics(stream, addr="0.0.0.0", balances=True).close()
REGISTRY.register(Collector(group, accounts="none"))

serve_metrics(upbit)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Collector(group, accounts="some")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

# Tests of a bot: the simulator, and the fixture that comes with the package.


def test_a_deposit_arrives(simulated_exchange: Simulator) -> None:
    account: Account = simulated_exchange.upbit({"SGD": "1000", "BTC": Decimal(1)})
    with AssetStream(account.exchange()) as watched:
        with watched.expect(lambda u: u.source is Source.STREAM, timeout=5) as found:
            account.deposit("SGD", 50)
        assert found.update.total == 1050


with Simulator(seed=1, region="kr") as exchange:
    assert_type(exchange.upbit(region="id"), UpbitAccount)
    assert_type(exchange.coinw({"USDT": 1}), CoinWAccount)
    order = exchange.coinw().place_order(pay="USDT", amount="1", receive="BTC")
    assert_type(order, Order)
    with exchange.fault("rest_stale", seconds=30), exchange.refuse_upgrades(503):
        exchange.drop_connections()
    exchange.wait_for(lambda seen: seen.connections > 1)

Simulator(region="us-demo")  # of OKX: any exchange's, not Upbit's alone
exchange.upbit({"SGD": 0.5})  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType]


# Archives.

with Archive("balances.db", durable=True, keep=timedelta(days=90)) as archive:
    assert_type(archive.record(stream), Archive)
    archive.record(StreamGroup([stream])).record(stream)
    archive.record(upbit)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert_type(archive.at("2026-11-29 12:00")["BTC"], Balance)
    assert_type(archive.at(datetime.now(), "mine", known=False)["BTC"].total, Decimal)
    assert_type(archive.since_last_run("mine"), History)
    assert_type(archive.updates(since="2026-11-29", currency="BTC")[0], AssetUpdate)
    assert_type(archive.health(), ArchiveHealth)
    assert_type(archive.close(timeout=None), bool)
Archive("balances.db", keep=90)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
