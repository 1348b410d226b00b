"""The base of every exchange: variables, redaction, twins."""

from __future__ import annotations

import pytest

from assetstream.model.errors import ConnectionLost
from assetstream.protocol import Exchange
from assetstream.protocol import exchange as exchange_module
from tests.support.specs import make_coinw, make_upbit


def test_variables_are_named_after_exchange_and_parameter() -> None:
    """The names of variables need no declaration."""
    assert make_upbit().variable("access_key") == "UPBIT_ACCESS_KEY"
    assert make_coinw().variable("ws_url") == "COINW_WS_URL"


def test_what_is_redacted_is_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pattern is made once, as every close and recorded frame needs it."""
    exchange = make_upbit()
    secret = exchange.credentials["secret_key"].encode()
    assert exchange.redacted(b"<" + secret + b">") == b"<***>"

    monkeypatch.delattr(exchange_module, "_spellings")

    assert exchange.redacted(b"<" + secret + b">") == b"<***>"


def test_a_secret_that_holds_the_key_is_removed_whole() -> None:
    """The longest credential is replaced first."""
    exchange = type(make_coinw())("abcdef", "abcdef-and-more")

    assert exchange.redacted(b"<abcdef-and-more> <abcdef>") == b"<***> <***>"


def test_a_twin_has_other_limits_and_the_same_account() -> None:
    """The exchange itself stays as it is."""
    exchange = make_coinw()
    twin = exchange.with_limits(make_upbit().limits)

    assert type(twin) is type(exchange)
    assert twin.limits == make_upbit().limits != exchange.limits
    assert (twin.fingerprint, twin.ws_url) == (exchange.fingerprint, exchange.ws_url)
    assert repr(twin) == repr(exchange)


class Plain(Exchange):
    """An exchange that says nothing about its keys."""

    name, title, key_names = "plain", "Plain", ("key",)
    ws_url, rest_url = "wss://example.com", "https://example.com"
    limits = make_coinw().limits

    def __init__(self, key: str) -> None:
        self.credentials = {"key": key}

    conversation = read = read_replied = lambda *_: None  # type: ignore[assignment]


def test_the_doctor_finds_nothing_where_nothing_is_known() -> None:
    """An adapter need not know forms of keys, nor other hosts."""
    exchange = Plain("abcdef")

    assert (exchange.key_form, exchange.key_hints()) == ("", ())
    assert exchange.knows_key(ConnectionLost("refused"))
    assert exchange.elsewhere() == {}


@pytest.mark.parametrize(
    "spelling",
    [
        "a/b+c d",
        r"a\/b+c d",
        "a%2Fb%2Bc%20d",
        "a%2fb%2bc%20d",
        "a%252Fb%252Bc%2520d",
        r"a\u002fb\u002Bc d",
        r"a\\u002fb+c\\u0020d",
    ],
)
def test_a_secret_is_redacted_as_urls_and_json_write_it(spelling: str) -> None:
    """A character that needs no escape may have one, also nested."""
    redacted = Plain("a/b+c d").redacted(f"<{spelling}> a/b+c".encode())

    assert redacted == b"<***> a/b+c"


@pytest.mark.parametrize(
    "spelling",
    [
        "a&amp;b&lt;c&gt;d&quot;e&apos;f/g",
        "a&#38;b&#60;c&#62;d&#034;e&#39;f&#47;g",
        "a&#x26;b&#x3C;c&#X3e;d&#x22;e&#x00027;f&#x2F;g",
        "a&amp;amp;b&amp;lt;c>d&amp;amp;#34;e'f/g",
    ],
)
def test_a_secret_is_redacted_as_web_pages_write_it(spelling: str) -> None:
    """A page that refuses a request may quote it, escaped once or more."""
    assert Plain("a&b<c>d\"e'f/g").redacted(f"<{spelling}>".encode()) == b"<***>"


@pytest.mark.parametrize("spelling", ["a%2Db%5fc", r"a\u002db_c", "a&#x2d;b&#95;c"])
def test_what_needs_no_escape_may_have_one(spelling: str) -> None:
    """Hyphens of a key that is a UUID, for one."""
    assert Plain("a-b_c").redacted(f"<{spelling}>".encode()) == b"<***>"


@pytest.mark.parametrize("times", [1, 2, 4, 8])
def test_backslashes_in_a_row_are_no_riddle(times: int) -> None:
    """However many there are, and whatever else has them: this would not end."""
    exchange = Plain("a" + "\\" * 12 + "b")
    quoted = b"<a" + b"\\" * 12 * times + b"b>"

    assert exchange.redacted(quoted) == b"<***>"
    hostile = (b"a" + b"\\" * 500) * 20
    assert exchange.redacted(hostile) == hostile


@pytest.mark.parametrize(
    "spelling", ["a%5C%22b%2Bc", "a%5c%5c%5c%22b%252Bc", "a\\u0022b\\u00252Bc"]
)
def test_a_secret_is_redacted_in_json_that_a_url_quotes(spelling: str) -> None:
    """The escapes of the one are escaped by the other."""
    assert Plain('a"b+c').redacted(f"<{spelling}>".encode()) == b"<***>"
