"""Key files: their form, and the permissions they need."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Callable

import pytest

from assetstream import ConfigurationError
from assetstream.cli.accounts.key_file import read_keys

posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such rights")
ACCESS, SECRET = "A" * 40, "s3cr3t" * 7

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a key file that only its owner can read."""

    def write(*lines: str, mode: int = 0o600) -> Path:
        path = tmp_path / "main.keys"
        path.write_text("\n".join(lines), encoding="utf-8")
        path.chmod(mode)
        return path

    return write


def test_names_and_values_are_read(write: Write) -> None:
    """Export, quotes, comments and URLs are read."""
    path = write(
        "\ufeff# the key that may only view",
        "",
        f"UPBIT_ACCESS_KEY={ACCESS}",
        f'export UPBIT_SECRET_KEY="{SECRET}"',
        "UPBIT_WS_URL=ws://127.0.0.1:1/",
        "UPBIT_REST_URL='http://127.0.0.1:1'",
    )

    assert read_keys(path, "upbit") == {
        "access_key": ACCESS,
        "secret_key": SECRET,
        "ws_url": "ws://127.0.0.1:1/",
        "rest_url": "http://127.0.0.1:1",
    }


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("=a#b==", "a#b=="),
        ("=a # the main account's", "a"),
        (" = a", "a"),
        ("='a # b'  # quoted", "a # b"),
        (r"=a\nb", r"a\nb"),
        ("=$HOME-${HOME}", "$HOME-${HOME}"),
        ('="$HOME"', "$HOME"),
    ],
)
def test_a_value_is_read_as_dotenv_reads_it(
    write: Write, written: str, value: str
) -> None:
    """Variables within it are left alone: a key may have a dollar sign."""
    path = write(f"COINW_API_KEY={ACCESS}", f"COINW_SECRET_KEY{written}")

    assert read_keys(path, "coinw")["secret_key"] == value


@posix
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o644, 0o666])
def test_one_that_is_open_to_others_is_refused(write: Write, mode: int) -> None:
    """The message has the command that closes it."""
    path = write(f"COINW_API_KEY={ACCESS}", f"COINW_SECRET_KEY={SECRET}", mode=mode)
    with pytest.raises(ConfigurationError) as raised:
        read_keys(path, "coinw")

    assert f"(mode {mode:o})" in str(raised.value)
    assert str(raised.value).endswith(f"chmod 600 {shlex.quote(str(path))}")
    path.chmod(0o400)
    assert read_keys(path, "coinw") == {"api_key": ACCESS, "secret_key": SECRET}


@posix
def test_rights_are_those_of_what_is_opened(write: Write, tmp_path: Path) -> None:
    """A link is followed, and its target must be closed."""
    path = write(f"COINW_API_KEY={ACCESS}", f"COINW_SECRET_KEY={SECRET}")
    link = tmp_path / "link"
    link.symlink_to(path)
    assert read_keys(link, "coinw")["api_key"] == ACCESS
    path.chmod(0o644)
    with pytest.raises(ConfigurationError, match="mode 644"):
        read_keys(link, "coinw")


@posix
def test_a_file_of_another_user_is_refused(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another user could read and change the keys."""
    path = write(f"COINW_API_KEY={ACCESS}", f"COINW_SECRET_KEY={SECRET}")
    mine = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: mine + 1)
    with pytest.raises(ConfigurationError, match="belongs to another user"):
        read_keys(path, "coinw")


@posix
def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path) -> None:
    """Opening a named pipe without a writer would block for ever."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    for path in (pipe, tmp_path):
        with pytest.raises(ConfigurationError, match="no regular file"):
            read_keys(path, "coinw")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "COINW_API_KEY=... is missing"),
        ([f"COINW_API_KEY={ACCESS}"], "COINW_SECRET_KEY=... is missing"),
        ([ACCESS, SECRET], "line 1: not of the form NAME=value"),
        ([f"COINW_API_KEY: {ACCESS}"], "line 1: not of the form NAME=value"),
        ([f"COINW_API_KEY={ACCESS}", SECRET], "line 2: not of the form NAME=value"),
        (["COINW_API_KEY", ACCESS], "line 1: not of the form NAME=value"),
        ([f'COINW_API_KEY="{ACCESS}'], "line 1: not of the form NAME=value"),
        ([f"COINW_API_KEY='{ACCESS}", f"'={SECRET}"], "line 1: not of the form"),
        ([f"COINW_API_KEY='{ACCESS}'{SECRET}"], "line 1: not of the form NAME=value"),
        ([f"={ACCESS}"], "line 1: not of the form NAME=value"),
        (["", f"UPBIT_ACCESS_KEY={ACCESS}"], "line 2: not a name of coinw's"),
        ([f"COINW_APIKEY={ACCESS}"], "Did you mean COINW_API_KEY?"),
        ([f"{ACCESS}=1", f"{SECRET}=1"], "Known are COINW_API_KEY, COINW_SECRET_KEY"),
        ([f"COINW_API_KEY={ACCESS}"] * 2, "line 2: COINW_API_KEY was set above"),
        ([SECRET * 1000], "too large"),
    ],
)
def test_what_is_wrong_is_named_and_not_shown(
    write: Write,
    lines: list[str],
    message: str,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The message has file and line, never the line's text, and is the only one."""
    caplog.set_level(0)
    path = write(*lines)
    with pytest.raises(ConfigurationError) as raised:
        read_keys(path, "coinw")

    assert message in str(raised.value)
    assert str(path) in str(raised.value)
    assert ACCESS not in str(raised.value)
    assert SECRET[:6] not in str(raised.value)
    assert caplog.records == []
    assert capsys.readouterr() == ("", "")


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    """The message has words, no traceback."""
    path = tmp_path / "main.keys"
    with pytest.raises(ConfigurationError, match=r"No such file.*Check its path"):
        read_keys(path, "coinw")
    path.write_bytes(b"\xff\xfe\x00")
    path.chmod(0o600)
    with pytest.raises(ConfigurationError, match="no text in UTF-8"):
        read_keys(path, "coinw")
