"""The account's checks: form of the key, REST, clock, other regions."""

from __future__ import annotations

import re
from contextlib import ExitStack
from typing import Iterator

import pytest

from assetstream import CoinW, Upbit, Verdict
from assetstream.core.outcomes import HttpReply
from assetstream.doctor import account as rooms
from assetstream.protocol import Exchange
from assetstream.simulator import FAULTS, Simulator
from assetstream.simulator.account import Account
from assetstream.simulator.faults import Fault
from assetstream.simulator.messages import Reply, Request
from tests.doctor.conftest import Examine, named, verdicts
from tests.support.specs import FIRST_HINTS, keys_of

WEBSOCKET = ("WebSocket", "subscription", "ping", "pushes")


def test_a_good_key_is_green(examine: Examine, account: Account) -> None:
    """Every step runs once; the report has the number of currencies, no amount."""
    diagnosis = examine(account.exchange())

    assert {check.verdict for check in diagnosis} == {Verdict.GREEN}
    assert len(set(verdicts(diagnosis))) == len(diagnosis) == 12
    assert "currencies: 2 listed, 2 held" in named(diagnosis, "REST").finding
    assert "1000" not in repr(diagnosis)


class RefusesRest(Fault):
    """Answers REST with the refusal of another fault."""

    def __init__(self, fault: Fault) -> None:
        self._fault = fault

    def rest(self, request: Request) -> Reply | None:
        return self._fault.upgrade(request)


REFUSED_BY_NAME = [name for name in FIRST_HINTS if FAULTS[name].exchange == "upbit"]
REFUSED_BY_NAME.remove("login_invalid_auth")  # in a frame


@pytest.mark.parametrize("fault", REFUSED_BY_NAME)
def test_a_refused_key_is_red_with_its_hints(
    examine: Examine, exchange: Simulator, fault: str
) -> None:
    """REST's refusal is the finding, and the WebSocket steps are skipped."""
    account = exchange.upbit({"BTC": "1"})
    with exchange.faults.add(RefusesRest(FAULTS[fault].make())):
        diagnosis = examine(account.exchange())
    check = named(diagnosis, "REST")

    assert check.verdict is Verdict.RED
    assert re.fullmatch(
        r"Upbit refused reading the balances \(\w+: [^()]*\)(: .+)?", check.finding
    )
    assert re.search(FIRST_HINTS[fault], check.remedies[0])
    assert {verdicts(diagnosis)[name] for name in WEBSOCKET} == {"SKIPPED"}
    assert verdicts(diagnosis)["clock"] == "GREEN"
    assert exchange.seen.connections == 0


def test_a_coinw_key_that_is_unknown_is_red(
    examine: Examine, exchange: Simulator
) -> None:
    """The report is like Upbit's, without regions."""
    own = exchange.coinw().exchange()
    wrong = CoinW("x" * 36, "y" * 48, ws_url=own.ws_url, rest_url=own.rest_url)
    diagnosis = examine(wrong)

    assert (
        named(diagnosis, "REST").remedies[0].startswith("Copy api_key and secret_key")
    )
    assert "region" not in repr(diagnosis)


def test_a_key_that_looks_wrong_is_yellow(
    examine: Examine, exchange: Simulator
) -> None:
    """The odd form is yellow, and the first hint if the exchange refuses."""
    own = exchange.upbit().exchange()
    urls = {"ws_url": own.ws_url, "rest_url": own.rest_url}
    diagnosis = examine(Upbit("a1B2" * 9, "c3D4" * 10, region="sg", **urls))
    key, rest = named(diagnosis, "key"), named(diagnosis, "REST")

    assert key.verdict is Verdict.YELLOW
    assert "access_key: 36 characters" in key.finding
    assert "copy it again" in key.remedies[0]
    assert rest.remedies[0] == "See key, above."
    assert key.remedies[0] not in rest.remedies
    assert "a1B2a1" not in repr(diagnosis)


@pytest.mark.parametrize(
    ("fault", "words", "remedy"),
    [
        ("rest_failing", "HTTP 500", "notices"),
        ("rest_garbage", "cannot be understood|HTTP 200", "."),
    ],
)
def test_a_failure_that_is_not_about_the_key_leaves_the_websocket(
    examine: Examine,
    exchange: Simulator,
    account: Account,
    fault: str,
    words: str,
    remedy: str,
) -> None:
    """REST is red with a remedy; the WebSocket is still examined."""
    with exchange.fault(fault):
        diagnosis = examine(account.exchange())
    check = named(diagnosis, "REST")

    assert check.verdict is Verdict.RED
    assert re.search(words, check.finding)
    assert re.search(remedy, " ".join(check.remedies))
    assert "again by itself" not in repr(diagnosis)
    assert {verdicts(diagnosis)[name] for name in WEBSOCKET} == {"GREEN"}


def test_a_limit_is_kept(
    examine: Examine, exchange: Simulator, account: Account
) -> None:
    """After a 429 the doctor sends nothing more."""
    with exchange.fault("rest_rate_limited"):
        diagnosis = examine(account.exchange())
    check = named(diagnosis, "REST")

    assert re.search("limits requests|29001", check.finding)
    assert "Run fewer programs" in check.remedies[0]
    assert "again by itself" not in repr(diagnosis)
    assert {verdicts(diagnosis)[name] for name in WEBSOCKET} == {"SKIPPED"}
    assert exchange.seen.connections == 0


def test_entries_that_cannot_be_read_are_yellow(
    examine: Examine, exchange: Simulator
) -> None:
    """The readable entries are counted."""
    body = b'[{"currency":"BTC","balance":"1","locked":"0"},{"currency":"X"}]'
    with exchange.rest_answers(200, body):
        diagnosis = examine(exchange.upbit({"BTC": "1"}).exchange())
    check = named(diagnosis, "REST")

    assert check.verdict is Verdict.YELLOW
    assert "1 entries cannot be understood" in check.finding


@pytest.mark.parametrize(
    ("seconds", "verdict"), [(2, "GREEN"), (-15, "YELLOW"), (40, "RED"), (-40, "RED")]
)
def test_the_clock_is_compared(
    examine: Examine, exchange: Simulator, seconds: int, verdict: str
) -> None:
    """The report has size and direction of the difference; all else goes on."""
    account = exchange.coinw({"BTC": "1"})
    with exchange.fault("clock_jump", seconds=seconds):
        diagnosis = examine(account.exchange())
    check = named(diagnosis, "clock")

    assert check.verdict.value == verdict
    if verdict != "GREEN":
        way = "behind" if seconds > 0 else "ahead of"
        found = re.search(rf"is (\d+) s {way} CoinW's \(±0\.\d s\)", check.finding)
        assert found is not None
        assert abs(int(found[1]) - abs(seconds)) <= 1
        assert "NTP" in check.remedies[0]
    assert {verdicts(diagnosis)[name] for name in WEBSOCKET} == {"GREEN"}


def test_without_a_date_the_clock_is_skipped(
    examine: Examine, exchange: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer without ``Date`` does not make the clock green."""
    reply = HttpReply(200, {}, b"[]")
    monkeypatch.setattr(rooms, "fetch", lambda case, exchange: reply)
    diagnosis = examine(exchange.upbit().exchange())

    assert verdicts(diagnosis)["clock"] == "SKIPPED"
    assert verdicts(diagnosis)["REST"] == "GREEN"


@pytest.fixture
def regions() -> Iterator[dict[str, Simulator]]:
    """Three regional hosts of Upbit."""
    with ExitStack() as stack:
        yield {
            region: stack.enter_context(Simulator(region=region, rate_limits=False))
            for region in ("sg", "id", "th")
        }


def at(simulator: Simulator, account: Account, region: str) -> Exchange:
    """Return the account's key at another host."""
    keys = keys_of(account.exchange())
    ws_url = f"{simulator.ws_url}/websocket/v1/private"
    return Upbit(*keys, region=region, ws_url=ws_url, rest_url=simulator.url)


def test_the_region_of_a_key_is_found(
    examine: Examine, regions: dict[str, Simulator]
) -> None:
    """No host is asked without --try-regions, and none is asked twice."""
    account = regions["th"].upbit({"BTC": "1"}, region="th")
    here = at(regions["sg"], account, "sg")
    others = {name: at(regions[name], account, name) for name in ("id", "th")}
    clients = Clients()
    with regions["th"].faults.add(clients):
        assert "region" not in verdicts(examine(here))
    assert clients.count == 0
    diagnosis = examine(here, regions=others)
    check = named(diagnosis, "region")

    assert named(diagnosis, "REST").remedies == ("See region, below.",)
    assert check.finding.startswith("this key belongs to th")
    assert check.remedies == ('Pass region="th" (--region th to a command).',)
    assert verdicts(diagnosis)["WebSocket"] == "SKIPPED"


@pytest.mark.parametrize("refusal", ["login_no_authorization_ip", "login_out_of_scope"])
def test_a_region_that_knows_the_key_but_refuses_it_counts(
    examine: Examine, regions: dict[str, Simulator], refusal: str
) -> None:
    """A host that refuses for another reason is the key's region."""
    account = regions["id"].upbit(region="id")
    here = at(regions["sg"], account, "sg")
    there = {"id": at(regions["id"], account, "id")}
    with regions["id"].faults.add(RefusesRest(FAULTS[refusal].make())):
        diagnosis = examine(here, regions=there)

    assert "belongs to id" in named(diagnosis, "region").finding


def test_a_key_that_nobody_knows_has_no_region(
    examine: Examine, regions: dict[str, Simulator]
) -> None:
    """The region is green if every host denies the key, else unknown."""
    stranger = Simulator()
    account = stranger.upbit()
    keys = account.credentials.key, account.credentials.secret_key

    def host(name: str) -> Exchange:
        url = regions[name].url
        return Upbit(*keys, region=name, ws_url=url.replace("http", "ws"), rest_url=url)

    everywhere = {name: host(name) for name in ("id", "th")}
    known_nowhere = named(examine(host("sg"), regions=everywhere), "region")
    with regions["th"].fault("rest_failing"):
        unsure = named(examine(host("sg"), regions=everywhere), "region")

    assert known_nowhere.verdict is Verdict.GREEN
    assert "id and th" in known_nowhere.finding
    assert unsure.verdict is Verdict.YELLOW
    assert unsure.finding == "th could not be asked; id do not know the key"


def test_other_refusals_do_not_send_the_key_around(
    examine: Examine, regions: dict[str, Simulator]
) -> None:
    """No other host is asked once the exchange knows the key."""
    account = regions["sg"].upbit(permissions=[])
    others = {"id": at(regions["id"], account, "id")}
    clients = Clients()
    with regions["id"].faults.add(clients):
        diagnosis = examine(at(regions["sg"], account, "sg"), regions=others)

    assert "region" not in verdicts(diagnosis)
    assert clients.count == 0


class Clients(Fault):
    """Counts the clients that connect."""

    count = 0

    def accepted(self) -> None:
        self.count += 1


def test_a_simulators_key_stays_there(examine: Examine, exchange: Simulator) -> None:
    """The report explains that a simulator's key has no other region."""
    own = exchange.upbit().exchange()
    urls = {"ws_url": own.ws_url, "rest_url": own.rest_url}
    wrong = Upbit("z" * 40, "y" * 40, region="sg", **urls)
    diagnosis = examine(wrong, regions=wrong.elsewhere())

    assert verdicts(diagnosis)["region"] == "SKIPPED"
    assert "not the exchange's own" in named(diagnosis, "region").finding
