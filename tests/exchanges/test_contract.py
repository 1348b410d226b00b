"""The duties of every registered exchange."""

from __future__ import annotations

import copy
import importlib
import inspect
import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import assetstream
import assetstream.exchanges
from assetstream.exchanges import EXCHANGES, build
from assetstream.model.errors import (
    AssetStreamError,
    AuthenticationError,
    ConfigurationError,
    ConnectionLost,
    ProtocolError,
    RateLimited,
)
from assetstream.protocol import Fail, Limits, Snapshot, Step, Warn
from tests.support.specs import (
    KEY,
    NONCE,
    SECRET,
    SPECS,
    Spec,
    at,
    keys_for,
    keys_of,
    kinds,
    located,
    opened,
    ready,
)

ROOM = Path(assetstream.exchanges.__file__).parent
#: The files of every exchange's folder.
FILES = {"__init__", "conversation", "exchange", "frames", "refusals", "rest"}


def test_every_exchange_has_a_folder_of_the_same_files(name: str) -> None:
    """A reader who knows one exchange finds everything in the next."""
    assert {path.stem for path in (ROOM / name).glob("*.py")} == FILES


def test_every_module_lists_what_it_offers() -> None:
    """``__all__`` exists in each module, and names only existing things."""
    for path in ROOM.rglob("*.py"):
        if path.stem == "__init__" and path.parent != ROOM:
            continue
        parts = path.relative_to(ROOM.parent.parent).with_suffix("").parts
        module = importlib.import_module(".".join(parts).removesuffix(".__init__"))

        assert all(hasattr(module, public) for public in module.__all__)


def test_it_declares_what_its_constructor_takes(name: str) -> None:
    """Command line and doctor build it from the class's declarations."""
    exchange = EXCHANGES[name]
    parameters = inspect.signature(exchange).parameters
    positional = [p.name for p in parameters.values() if p.kind is not p.KEYWORD_ONLY]

    assert exchange.title
    assert positional == list(exchange.key_names)
    assert ("region" in parameters) is bool(exchange.regions)


def test_every_region_is_another_place(name: str) -> None:
    """Each declared region can be chosen."""
    keys = keys_for(EXCHANGES[name])
    build: Any = EXCHANGES[name]
    urls = {build(**keys, region=region).ws_url for region in build.regions}

    assert len(urls) == len(EXCHANGES[name].regions)


def test_users_find_it(name: str) -> None:
    """It is a public name, and each list of exchanges has it."""
    exchange = EXCHANGES[name]
    public = exchange.__name__
    root = Path(assetstream.__file__).parents[1]
    keys = (root / "docs/reference/keys.md").read_text("utf-8")
    limits = (root / "docs/explanation/limits.md").read_text("utf-8")

    assert getattr(assetstream, public) is exchange
    assert public in assetstream.__all__
    assert all(f"`{exchange.variable(each)}`" in keys for each in exchange.key_names)
    assert f"| [{exchange.title}](../../assetstream/exchanges/{name}/" in limits
    assert f"**{exchange.title}**" in (root / "README.md").read_text("utf-8")


def test_it_is_named_as_registered(name: str, spec: Spec) -> None:
    """The registry's name is the exchange's own."""
    assert spec.make().name == name
    assert isinstance(spec.make(), EXCHANGES[name])


def test_it_is_built_by_its_name(name: str) -> None:
    """The command line and the doctor know an exchange by its name only."""
    keys = keys_for(EXCHANGES[name])
    exchange = build(name, **keys, **located(EXCHANGES[name]))

    assert type(exchange) is EXCHANGES[name]
    assert keys_of(exchange) == tuple(keys.values())


def test_repr_shows_no_credential(spec: Spec) -> None:
    """Neither the exchange nor what it asks for shows a key, a secret or a token."""
    exchange = spec.make()
    conversation = exchange.conversation({})
    connect = conversation.connect(at(0.0), NONCE)
    steps = list(conversation.opened(at(0.0), NONCE))
    shown = "".join(
        map(repr, [exchange, connect, exchange.read(at(0.0), NONCE), *steps])
    )

    for secret in exchange.credentials.values():
        assert secret not in shown
    for header in connect.headers.values():
        assert header not in shown


def test_credentials_name_the_public_key_first(name: str, spec: Spec) -> None:
    """The fingerprint is made of the public key."""
    exchange = spec.make()
    key, *_ = names = exchange.key_names

    assert tuple(exchange.credentials)[: len(names)] == names
    assert keys_of(exchange)[:2] == (KEY, SECRET)
    with pytest.raises(TypeError):
        exchange.credentials[key] = "x"  # type: ignore[index]


def test_the_digest_tells_keys_apart_and_shows_none(spec: Spec) -> None:
    """Six of its digits are the fingerprint; thousands of keys need more."""
    exchange = spec.make()

    assert exchange.digest == spec.make().digest
    assert len(exchange.digest) == 64
    assert exchange.digest.startswith(exchange.fingerprint)
    assert KEY not in exchange.digest


def test_it_is_neither_pickled_nor_copied(spec: Spec) -> None:
    """Credentials do not travel by accident."""
    exchange = spec.make()

    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="credentials"):
            attempt(exchange)


def test_it_is_immutable(spec: Spec) -> None:
    """No attribute can be set or deleted."""
    exchange = spec.make()

    for attribute in ("name", "ws_url", "limits", "anything"):
        with pytest.raises(AttributeError):
            setattr(exchange, attribute, "x")
    with pytest.raises(AttributeError):
        del exchange.ws_url


def test_keys_come_from_the_environment(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variables are read when it is built, not when the module is imported."""
    keys = keys_for(EXCHANGES[name])
    for parameter, key in keys.items():
        monkeypatch.setenv(EXCHANGES[name].variable(parameter), key)

    exchange = build(name, **located(EXCHANGES[name]))

    assert keys_of(exchange) == tuple(keys.values())


def test_a_missing_key_names_the_variable(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message names the variable to set first."""
    keys = {
        EXCHANGES[name].variable(p): k for p, k in keys_for(EXCHANGES[name]).items()
    }
    for variable in keys:
        for other, key in keys.items():
            monkeypatch.setenv(other, key)
        monkeypatch.delenv(variable)

        with pytest.raises(ConfigurationError) as caught:
            build(name, **located(EXCHANGES[name]))
        title = EXCHANGES[name].title
        assert str(caught.value).startswith(f"{title}: {variable} is not set. Set ")
        assert caught.value.fatal
        assert caught.value.exchange == name


def test_limits_can_be_overridden_in_a_subclass(name: str, spec: Spec) -> None:
    """Conversations take the ping interval from the exchange's own limits."""
    base = spec.make()
    fields = {f: getattr(base.limits, f) for f in Limits.__struct_fields__}
    quick = type(
        "Quick", (type(base),), {"limits": Limits(**{**fields, "ping_interval": 0.25})}
    )
    conversation = opened(quick(**keys_for(quick), **located(quick)))

    assert conversation.deadline == 0.25
    assert kinds(conversation.due(at(0.25))) in (["Ping"], ["Send"])


def test_a_fresh_signature_is_made_at_every_chance(spec: Spec) -> None:
    """Another nonce gives another one, or at an exchange without nonces another time.

    An upgrade without headers and a query is not signed.
    """
    exchange = spec.make()
    first = exchange.conversation({}).connect(at(0.0), NONCE)
    again = exchange.conversation({}).connect(at(0.0), NONCE)
    other = NONCE.replace("1", "9")
    second = exchange.conversation({}).connect(at(0.0), other)
    later = exchange.conversation({}).connect(at(1.0), NONCE)

    assert first == again
    if "?" in first.url:
        assert first.url != later.url
    elif first.headers:
        assert first.headers != second.headers
    reads = {
        repr((call.url, call.headers))
        for call in (
            exchange.read(at(0.0), NONCE),
            exchange.read(at(0.0), other),
            exchange.read(at(1.0), NONCE),
        )
    }
    # CoinW's signature has neither a nonce nor a time: it is one of the credentials.
    assert (len(reads) == 1) is ("signature" in exchange.credentials)


def test_it_becomes_ready_once(spec: Spec) -> None:
    """The sample acknowledgements prove the subscription, and only the first time."""
    conversation = opened(spec.make())
    steps: list[Step] = []
    for now in (0.1, 0.2):
        steps += conversation.received(spec.acks, at(now))
        if spec.proved_by_pong:
            steps += conversation.pong(at(now))

    assert kinds(steps).count("Ready") == 1
    assert not [step for step in steps if isinstance(step, (Fail, Warn))]


@given(body=st.binary(max_size=80), status=st.integers(200, 599))
@pytest.mark.parametrize("exchange_name", sorted(EXCHANGES))
def test_no_reply_makes_it_raise_anything_else(
    exchange_name: str, body: bytes, status: int
) -> None:
    """Any answer of REST is a snapshot or one of our errors."""
    exchange = SPECS[exchange_name].make()
    error = exchange.conversation({}).refused(status, {}, body)
    try:
        exchange.read_replied(status, {}, body)
    except AssetStreamError:
        pass

    assert isinstance(error, AssetStreamError)


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"data":' * 100_000, b""])
def test_absurd_replies_are_protocol_errors(spec: Spec, body: bytes) -> None:
    """Endless nesting and nothing at all are refused as not understood."""
    with pytest.raises(ProtocolError):
        spec.make().read_replied(200, {}, body)


def test_a_snapshot_is_complete(spec: Spec) -> None:
    """The sample of REST is understood wholly; each entry keeps its own bytes."""
    snapshot = spec.make().read_replied(200, {}, spec.reply)

    assert snapshot.complete
    assert len(snapshot.balances) == spec.balances
    for report in snapshot.balances:
        assert report.key is None
        assert report.raw in spec.reply
        assert json.loads(report.raw)


def test_s2_an_empty_account_names_nothing(spec: Spec) -> None:
    """Each entry that there is was understood."""
    assert spec.make().read_replied(200, {}, spec.void) == Snapshot(())


@pytest.mark.parametrize("body", [b"null", b"", b"<html>maintenance</html>"])
def test_s2_what_lists_nothing_is_no_empty_account(spec: Spec, body: bytes) -> None:
    """The read has failed, whatever its status says."""
    with pytest.raises(AssetStreamError) as caught:
        spec.make().read_replied(200, {}, body)
    assert not caught.value.fatal


def test_a_refused_key_is_fatal(spec: Spec) -> None:
    """The exchange's own refusal of the key stops the stream."""
    status, body = spec.refusal
    with pytest.raises(AuthenticationError) as caught:
        spec.make().read_replied(status, {}, body)

    assert caught.value.fatal


@pytest.mark.parametrize("body", [b"", b"Unauthorized", b"{}", b"[]", b"null"])
def test_401_without_its_own_words_is_not_fatal(spec: Spec, body: bytes) -> None:
    """A bare 401 is likely about the key, but a proxy may have said it."""
    exchange = spec.make()
    error = exchange.conversation({}).refused(401, {"retry-after": "5"}, body)
    with pytest.raises(AuthenticationError) as caught:
        exchange.read_replied(401, {}, body)

    assert isinstance(error, AuthenticationError)
    assert "own words" in str(error)
    assert error.hints
    assert (error.fatal, caught.value.fatal, error.retry_after) == (False, False, 5.0)


PAGES = {
    "a doctype": b"<!DOCTYPE html><html><title>We will be back</title>soon</html>",
    "a comment, blanks": b"\xef\xbb\xbf\n <!-- ray 1 --><HTML><TITLE\n>Wait &amp; see",
    "no head": b"<script>location='/login'</script>",
    "a firewall's": b"<html>\r\n<head><title>403 Forbidden</title></head>",
}


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_html_is_told_as_a_web_page(spec: Spec, page: bytes) -> None:
    """Maintenance, a firewall or a captive portal answers, whatever the status."""
    exchange = spec.make()
    for status in (200, 302, 401, 403, 404, 418, 429, 500, 503):
        errors = [exchange.conversation({}).refused(status, {}, page)]
        with pytest.raises(AssetStreamError) as caught:
            exchange.read_replied(status, {}, page)
        for error in (*errors, caught.value):
            limited = status in (418, 429)
            assert isinstance(error, RateLimited if limited else ConnectionLost)
            assert "a web page" in str(error)
            assert "firewall" in str(error)
            assert str(status) in str(error)
            assert error.remedy
            assert not error.fatal


def test_the_title_of_a_web_page_is_shown_without_secrets(spec: Spec) -> None:
    """A page may echo the request in its title, as text or escaped."""
    exchange = spec.make()
    for credential in exchange.credentials.values():
        escaped = "".join(f"&#{ord(c)};" for c in credential)
        for echo in (credential, escaped):
            page = f"<html><title>Soon <b>{echo}</b>".encode() + b"</title>"
            error = exchange.conversation({}).refused(503, {}, page)
            assert 'web page, "Soon' in str(error)
            assert credential not in str(error)


@pytest.mark.parametrize("body", [b"<?xml version='1.0'?><e/>", b'"<html>"', b"<htm"])
def test_what_only_resembles_html_is_no_web_page(spec: Spec, body: bytes) -> None:
    """JSON that quotes a page, and other markup, are told as before."""
    error = spec.make().conversation({}).refused(403, {}, body)

    assert "web page" not in str(error)
    assert not error.fatal


@pytest.mark.parametrize(
    ("status", "headers", "wait"),
    [
        (429, {}, None),
        (429, {"retry-after": "7"}, 7.0),
        (418, {}, 60.0),
        (418, {"retry-after": "90"}, 90.0),
    ],
)
def test_rate_limits_keep_the_wait_they_ask_for(
    spec: Spec, status: int, headers: dict[str, str], wait: float | None
) -> None:
    """429 and 418 are never fatal, whatever the body."""
    error = spec.make().conversation({}).refused(status, headers, b"Too many")

    assert isinstance(error, RateLimited)
    assert (error.retry_after, error.fatal) == (wait, False)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize("body", [b"<html>", b'{"error":{"name":"x"},"code":"x"}'])
def test_l3_an_outage_keeps_the_wait_it_asks_for(
    spec: Spec, status: int, body: bytes
) -> None:
    """L3: the usual 503 gives a time; without one our own backoff counts."""
    exchange = spec.make()
    error = exchange.conversation({}).refused(status, {"retry-after": "120"}, body)
    with pytest.raises(ConnectionLost) as caught:
        exchange.read_replied(status, {"retry-after": "30"}, body)

    assert isinstance(error, ConnectionLost)
    assert (error.retry_after, caught.value.retry_after) == (120.0, 30.0)
    assert exchange.conversation({}).refused(status, {}, body).retry_after is None


def test_a_firewalls_wait_is_kept(spec: Spec) -> None:
    """L3: a firewall's answer may say how long to wait."""
    error = spec.make().conversation({}).refused(403, {"retry-after": "5"}, b"<html>")

    assert (error.retry_after, error.fatal) == (5.0, False)


@pytest.mark.parametrize("status", [200, 302, 403, 404, 500, 502, 503])
def test_answers_not_in_its_own_words_are_not_fatal(spec: Spec, status: int) -> None:
    """A firewall, proxy or maintenance page proves nothing about the key."""
    exchange = spec.make()
    error = exchange.conversation({}).refused(status, {}, b"<html>gone</html>")
    with pytest.raises(AssetStreamError) as caught:
        exchange.read_replied(status, {}, b"<html>gone</html>")

    assert not error.fatal
    assert not caught.value.fatal


def test_credentials_are_redacted_everywhere(spec: Spec, name: str) -> None:
    """Texts that the exchange echoes lose their credentials."""
    exchange = spec.make()
    errors: list[AssetStreamError] = []
    for credential in exchange.credentials.values():
        echo = f"<{credential}>".encode()
        own = json.dumps(
            {"error": {"name": credential, "message": credential}, "code": credential}
            | {"msg": credential, "result": False, "errorCode": credential}
        ).encode()
        for body in (echo, own):
            for status in (200, 400, 401, 403, 429, 500):
                errors.append(exchange.conversation({}).refused(status, {}, body))
                with pytest.raises(AssetStreamError) as caught:
                    exchange.read_replied(status, {}, body)
                errors.append(caught.value)
            for step in ready(name).received([body], at(1.0)):
                assert isinstance(step, (Warn, Fail))
                errors.append(step.error)

    for error in errors:
        shown = repr(error) + str(vars(error))
        assert not [c for c in exchange.credentials.values() if c in shown]


def test_every_public_callable_has_a_docstring(name: str) -> None:
    """The class a user builds documents its arguments."""
    text = inspect.getdoc(EXCHANGES[name]) or ""

    assert "Args:" in text
    assert "ConfigurationError" in text
