"""One account, with a key or without."""

from __future__ import annotations

import pytest

from assetstream import ConfigurationError
from assetstream.cli.accounts.account import make_account
from tests.support.specs import keys_of

GOOD = {"api_key": "x" * 36, "secret_key": "y" * 48}


def test_with_a_key_the_stream_makes_its_own_label() -> None:
    """Unless there is one."""
    account = make_account("coinw", None, GOOD)
    assert account.no_key is None
    assert keys_of(account.exchange) == ("x" * 36, "y" * 48)
    assert account.stream().account == f"coinw-{account.exchange.fingerprint}"
    assert make_account("coinw", "mine", GOOD).stream().account == "mine"


@pytest.mark.parametrize(
    ("options", "why"),
    [({}, "COINW_API_KEY is not set"), ({**GOOD, "api_key": ""}, "api_key is empty")],
)
def test_an_exchange_is_known_without_a_key(
    options: dict[str, str], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The doctor begins so; nothing of what was given is kept."""
    monkeypatch.delenv("COINW_API_KEY", raising=False)
    account = make_account("coinw", None, options)
    assert account.no_key is not None
    assert why in account.no_key.problem
    assert account.stream().account == "coinw"
    assert keys_of(account.exchange) == ("none", "none")


def test_what_is_said_of_the_key_is_kept() -> None:
    """The environment is not asked in its place; what else is wrong is raised."""
    why = ConfigurationError("the file is not there")
    assert make_account("coinw", "mine", {}, why).no_key is why
    with pytest.raises(ConfigurationError, match="region must be one of"):
        make_account("upbit", "mine", {"region": "mars"}, why)
