"""What a refusal tells to do: likeliest cause first, and no part of a key."""

from __future__ import annotations

import pickle
import re
from typing import Any

import pytest

from assetstream import AssetStream, AuthenticationError, CoinW, ExchangeError, Upbit
from assetstream.exchanges.coinw.refusals import CODES
from assetstream.exchanges.upbit.refusals import NAMES
from assetstream.protocol import Exchange
from assetstream.simulator import FAULTS, Simulator
from tests.support.specs import make_coinw, make_upbit

UUID = "c821db84-6fbd-11e4-a9e3-c86000d26d7c"
LETTERS = "0123456789" * 4

#: Fault of the simulator that refuses a login -> what the first hint is about.
FIRST = {
    "login_no_authorization_token": "proxy",
    "login_invalid_query_payload": "proxy",
    "login_jwt_verification": r"Copy secret_key again",
    "login_invalid_access_key": r"one region only.* of sg",
    "login_expired_access_key": "one year",
    "login_nonce_used": "new nonce",
    "login_no_authorization_ip": "public IP address",
    "login_no_authorization_i_p": "public IP address",
    "login_out_of_scope": "View Account",
    "login_out_of_scope_401": "View Account",
    "login_thirdparty_agreement_required": "sharing of data",
    "login_invalid_auth": "one region only",
    "login_refused": "Copy api_key and secret_key",
    "login_refused_msg": "Copy api_key and secret_key",
    "login_refused_type": "Copy api_key and secret_key",
    "login_refused_bare": "Copy api_key and secret_key",
    "login_refused_no_code": "Copy api_key and secret_key",
}


def shown(error: ExchangeError) -> str:
    """All that a user can print of it."""
    return " ".join([str(error), *error.hints])


@pytest.mark.parametrize("fault", FIRST)
def test_every_refused_login_has_hints(exchange: Simulator, fault: str) -> None:
    """For each that the simulator knows; they pickle, and hold no part of a key."""
    venue = FAULTS[fault].exchange
    account = getattr(exchange, venue)({"BTC": "1"})
    errors: list[Any] = []
    with exchange.fault(fault):
        stream = AssetStream(account.exchange(), on_error=errors.append)
        try:
            with pytest.raises(ExchangeError) as raised:
                stream.start(timeout=0.2)
            error = raised.value
        except BaseException:  # not fatal: retried, and told to on_error
            error = errors[0]

    assert re.search(FIRST[fault], error.hints[0])
    assert all(re.fullmatch(r"[A-Z].*[.]", hint) for hint in error.hints)
    assert not any(hint in str(error) for hint in error.hints)
    assert pickle.loads(pickle.dumps(error)).hints == error.hints
    for secret in account.exchange().credentials.values():
        assert not any(
            secret[i : i + 6] in shown(error) for i in range(len(secret) - 5)
        )


def test_every_refusal_of_the_simulator_is_above() -> None:
    """So that a new one is not forgotten."""
    refusals = {name for name in FAULTS if name.startswith("login_")}

    assert refusals - {"login_unanswered"} == set(FIRST)


@pytest.mark.parametrize("meanings", [NAMES, CODES])
def test_every_known_refusal_of_a_key_has_hints(meanings: Any) -> None:
    """Whatever the exchange calls it."""
    for meaning in meanings.values():
        assert meaning.hints or not issubclass(meaning.kind, AuthenticationError)


@pytest.mark.parametrize(
    ("key", "secret", "told"),
    [
        (LETTERS, LETTERS[::-1], None),
        (LETTERS, LETTERS, "are the same text"),
        (f'"{LETTERS}"', LETTERS, "access_key begins or ends with a quotation mark"),
        (LETTERS, LETTERS[1:] + "'", "secret_key begins or ends with a quotation mark"),
        (LETTERS[:-4], LETTERS, r"access_key does not look .* \(it has 36 characters"),
        (LETTERS, "your_secret_key", "secret_key does not look like"),
    ],
)
def test_the_look_of_a_key_is_a_hint(key: str, secret: str, told: str | None) -> None:
    """The first, for it is sure: a part is missing, or one is there that is not its."""
    hints = Upbit(key, secret, region="sg").key_hints()

    assert len(hints) == (told is not None)
    if told is not None:
        assert re.search(told, hints[0])
        assert key not in hints[0]
        assert LETTERS[:6] not in hints[0]


@pytest.mark.parametrize("key", [UUID, "anything"])
def test_swapped_values_are_noticed(key: str) -> None:
    """Where keys look otherwise than secrets; a form that is not sure is no fault."""
    hints = CoinW(key, "other" if key == UUID else UUID).key_hints()

    assert ["swapped" in hint for hint in hints] == [True] * (key != UUID)


def refused(exchange: Exchange) -> AuthenticationError:
    error = exchange.conversation({}).refused(401, {}, b"")
    assert isinstance(error, AuthenticationError)
    return error


@pytest.mark.parametrize(
    ("name", "variables"),
    [
        ("upbit", ("UPBIT_ACCESS_KEY", "UPBIT_SECRET_KEY")),
        ("coinw", ("COINW_API_KEY", "COINW_SECRET_KEY")),
    ],
)
def test_variables_in_use_are_named(
    monkeypatch: pytest.MonkeyPatch, name: str, variables: tuple[str, str]
) -> None:
    """Those of the environment, if the key came from there."""
    passed = {"upbit": make_upbit, "coinw": make_coinw}[name]()
    assert not any(variables[0] in hint for hint in refused(passed).hints)
    monkeypatch.setenv(variables[0], UUID)
    monkeypatch.setenv(variables[1], "something-else")
    taken = CoinW() if name == "coinw" else Upbit(region="sg")
    hints = refused(taken).hints

    assert f"{variables[0]} and {variables[1]} of the environment" in hints[-1]


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("no_authorization_ip", True),
        ("expired_access_key", True),
        ("out_of_scope", True),
        ("invalid_access_key", False),
        ("jwt_verification", False),
        ("INVALID_AUTH", False),
    ],
)
def test_a_refusal_says_whether_the_region_is_right(name: str, known: bool) -> None:
    """Some show that the key is known there."""
    error = AuthenticationError("refused", code=name)

    assert make_upbit().knows_key(error) is known


def test_a_real_key_has_other_regions() -> None:
    """Each at its own host, by TLS; the own region is not among them."""
    elsewhere = Upbit(LETTERS, LETTERS[::-1], region="kr").elsewhere()

    assert {region: other.rest_url for region, other in elsewhere.items()} == {
        region: f"https://{region}-api.upbit.com" for region in ("sg", "id", "th")
    }
    assert all(other.ws_url.startswith("wss://") for other in elsewhere.values())


def test_a_simulators_key_belongs_nowhere_else(exchange: Simulator) -> None:
    """It is not sent to the real exchange, whatever is asked for."""
    assert exchange.upbit().exchange().elsewhere() == {}
    assert exchange.coinw().exchange().elsewhere() == {}
