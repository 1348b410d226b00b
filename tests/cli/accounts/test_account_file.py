"""Files of accounts."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Callable

import pytest
from click.testing import CliRunner

from assetstream import CoinW, ConfigurationError, Upbit
from assetstream.cli.accounts import account_file
from assetstream.cli.accounts.account_file import labels_in, read_accounts
from assetstream.cli.main import assetstream
from tests.support.processes import ROOT
from tests.support.specs import keys_of

KEY, SECRET = "k3y" * 13, "s3cr3t" * 7
MAIN = '[main]\nexchange = "upbit"\nregion = "sg"\nkeys = "main.keys"\n'

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write a file of accounts and a key file beside it; set the variables it names."""
    keys = tmp_path / "main.keys"
    keys.write_text(f"UPBIT_ACCESS_KEY={KEY}\nUPBIT_SECRET_KEY={SECRET}\n")
    keys.chmod(0o600)
    for name in ("UPBIT", "COINW"):
        for what in ("ACCESS_KEY", "API_KEY", "SECRET_KEY", "WS_URL", "REST_URL"):
            monkeypatch.delenv(f"{name}_{what}", raising=False)
    monkeypatch.setenv("SAVINGS_API_KEY", KEY)
    monkeypatch.setenv("SAVINGS_SECRET_KEY", SECRET)

    def write(text: str) -> Path:
        path = tmp_path / "accounts.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def fault_of(path: Path) -> ConfigurationError:
    """Return what is wrong with the file, or else why its first account has no key."""
    try:
        (account, *_) = read_accounts(path, ())
    except ConfigurationError as error:
        return error
    assert account.no_key is not None
    return account.no_key


def documented() -> list[str]:
    """Return the example as the module, the guide and the help show it."""
    text = (ROOT / "docs/reference/command-line.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```toml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    shown = (account_file.__doc__ or "").partition("::\n")[2].partition("\nWithout")[0]
    help_text = CliRunner().invoke(assetstream, ["watch", "--help"]).stdout
    helped = help_text.partition("no secret in it:\n")[2].partition("Output:")[0]
    indented = (shown.splitlines(), helped.splitlines())
    return [*blocks, *("\n".join(line[4:] for line in each) for each in indented)]


def test_the_documented_example_is_read(write: Write) -> None:
    """Keys come from a file or from variables; all accounts, or some by label."""
    examples = documented()
    assert len(examples) == 3
    for example in examples:
        path = write(example)
        accounts = read_accounts(path, ())
        assert [a.label for a in accounts] == labels_in(path) == ["main", "savings"]
        main, savings = (account.exchange for account in accounts)
        assert isinstance(main, Upbit)
        assert main.region == "sg"
        assert isinstance(savings, CoinW)
        assert keys_of(main) == keys_of(savings) == (KEY, SECRET)
        (only,) = read_accounts(path, ["savings"])
        assert (only.label, only.no_key) == ("savings", None)


def test_an_account_without_a_key_says_so_and_harms_no_other(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its exchange is known all the same, for the doctor; its key is nobody's."""
    path = write(f'{MAIN}[other]\nexchange = "coinw"\n')
    main, other = read_accounts(path, ())
    assert main.no_key is None
    assert isinstance(other.exchange, CoinW)
    assert keys_of(other.exchange) == ("none", "none")
    assert re.search(r"\[other\], line 5: .*COINW_API_KEY", str(other.no_key))
    assert other.stream().account == "other"
    monkeypatch.setenv("COINW_API_KEY", KEY)
    monkeypatch.setenv("COINW_SECRET_KEY", SECRET)
    assert [each.no_key for each in read_accounts(path, ())] == [None, None]


def test_a_key_file_that_is_open_to_others_is_no_key(
    write: Write, tmp_path: Path
) -> None:
    """The account is the only one that suffers; nothing of the file is used."""
    (tmp_path / "main.keys").chmod(0o644)
    if os.name != "nt":
        assert "is open to other users" in str(fault_of(write(MAIN)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no accounts. Begin with [main]"),
        ("[main\n", "is no TOML: "),
        ('exchange = "upbit"\n', "exchange stands outside of a table"),
        ("[main]\n", "[main], line 1: exchange = "),
        ('\n[main]\nexchange = "ftx"\n', "line 3: exchange: must be 'upbit' or"),
        ('[main]\nexchange = "upbitt"\n', "Did you mean upbit?"),
        ('[main]\nexchange = 1\nregion = "sg"', "line 2: exchange: must be a text"),
        (
            MAIN.replace("keys", "kees"),
            "line 4: kees: not a setting of an account. Did",
        ),
        (
            MAIN + "retries = 3\n",
            "retries: not a setting of an account. There are exch",
        ),
        (MAIN.replace("sg", "mars"), "line 1: Upbit: region must be one of"),
        (
            MAIN.replace('region = "sg"\n', ""),
            'region = "..." is missing. Choose sg, id, th or kr',
        ),
        ('[a]\nexchange = "coinw"\nregion = "sg"\n', "line 3: region: coinw has no"),
        (MAIN + 'access_key_env = "A_B"\n', "line 5: access_key_env: give keys or"),
        (MAIN.replace("main.keys", "gone"), "line 4: keys: there is no such file"),
        (
            '[a]\nexchange = "coinw"\napi_key_env = "GONE_API_KEY"\n',
            "line 3: api_key_env: the environment variable GONE_API_KEY is not set",
        ),
    ],
)
def test_what_is_wrong_is_named(write: Write, text: str, message: str) -> None:
    """The message names file, table and line, and suggests names."""
    path = write(text)
    error = str(fault_of(path))

    assert message in error
    assert error.startswith(str(path))


@pytest.mark.parametrize(
    "line",
    [
        f'secret_key = "{SECRET}"',
        f'access_key = "{SECRET}"',
        f'api_key = "{SECRET}"',
        f'passphrase = "{SECRET}"',
        f'token = "{SECRET}"',
        f'access_key_env = "{SECRET}"',
        f'access_key_env = "{SECRET.upper()}"',
        f'keys = "{SECRET}"',
        f'region = "sg" "{SECRET}"',
    ],
)
def test_a_secret_in_the_file_is_refused_and_not_shown(write: Write, line: str) -> None:
    """The message says where secrets belong."""
    path = write(f'[main]\nexchange = "upbit"\nregion = "sg"\n{line}\n')
    error = str(fault_of(path))

    assert SECRET[:6] not in error
    assert SECRET[:6].upper() not in error
    assert "line 4" in error
    if "_key =" in line:
        assert 'keys = "main.keys"' in error
        assert 'secret_key_env = "..."' in error


def test_a_label_that_is_none(write: Write, tmp_path: Path) -> None:
    """The message suggests labels; a missing file has none."""
    with pytest.raises(ConfigurationError, match=r"no \[mian\]. Did you mean main\?"):
        read_accounts(write(MAIN), ["mian"])
    with pytest.raises(ConfigurationError, match=r"no \[x\]. It has main"):
        read_accounts(write(MAIN), ["x"])
    gone = tmp_path / "gone.toml"
    with pytest.raises(ConfigurationError, match=r"No such file.*Check its path"):
        read_accounts(gone, ())
    assert labels_in(gone) == []


def test_a_slip_of_the_pen_is_no_secret(write: Write) -> None:
    """``keyz`` suggests ``keys``; a value like a key is still refused."""
    path = write(MAIN.replace("keys =", "keyz ="))
    with pytest.raises(ConfigurationError, match="Did you mean keys"):
        read_accounts(path, ())
    path = write(MAIN.replace("keys =", "access_key ="))
    with pytest.raises(ConfigurationError, match="no secret belongs"):
        read_accounts(path, ())
