"""``assetstream record``, run in a process of its own as users run it."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner

from assetstream.cli.main import assetstream
from assetstream.recording.tape import read_tape
from assetstream.simulator import Simulator
from tests.support.processes import Program


def record(*arguments: str, environment: dict[str, str] | None = None) -> Program:
    """Run ``assetstream record``."""
    return Program(
        "-m", "assetstream.cli", "record", *arguments, environment=environment
    )


def test_a_session_is_recorded_until_ctrl_c(
    simulated_exchange: Simulator, tmp_path: Path
) -> None:
    """The tape is masked and for its owner alone; states are shown."""
    account = simulated_exchange.upbit({"SGD": "9876543210.4321"})
    path = tmp_path / "session.jsonl"
    arguments = ("upbit", "--region", "sg", "--scramble", "-o", str(path))
    with record(*arguments, environment=account.environment()) as program:
        program.wait_for("LIVE")
        account.deposit("SGD", "1.25")
        program.interrupt()
        assert program.finish() == 0, program.output

    tape = read_tape(path)
    text = path.read_text(encoding="utf-8")
    assert tape.header.scrambled
    assert not tape.cut_off
    assert not {account.access_key, account.secret_key} & set(text.split('"'))
    assert "987654321" not in text
    if os.name != "nt":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    (summary,) = program.out
    assert summary.endswith(f"assetstream replay {path}")
    assert "\x1b" not in program.output


def test_a_first_try_needs_no_key(tmp_path: Path) -> None:
    """--json prints a summary; an existing file is not replaced."""
    path = tmp_path / "try.jsonl"
    arguments = ("coinw", "--simulate", "-o", str(path), "--for", "700ms", "--json")
    with record(*arguments) as program:
        assert program.finish() == 0, program.output
    before = path.read_bytes()
    again = CliRunner().invoke(assetstream, ["record", *arguments])

    (summary,) = map(json.loads, program.out)
    assert summary["file"] == str(path)
    assert summary["frames"] > 2
    assert summary["bytes"] == len(before) == path.stat().st_size
    assert again.exit_code == 2
    assert "have it replaced by --overwrite." in again.output
    assert path.read_bytes() == before


def test_a_refused_key_is_on_the_tape(
    simulated_exchange: Simulator, tmp_path: Path
) -> None:
    """The command fails, and the tape has the refusal."""
    account = simulated_exchange.coinw(permissions=[])
    path = tmp_path / "session.jsonl"
    with record("coinw", "-o", str(path), environment=account.environment()) as program:
        assert program.finish() == 1, program.output

    error, remedy = program.err[-2:]
    assert error.startswith("Error: coinw-")
    assert remedy.endswith("assetstream doctor coinw")
    assert [line.fields.get("current") for line in read_tape(path).lines][
        -2
    ] == "FAILED"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["coinw", "--simulate"], 2, "--output"),
        (["--simulate", "-o", "{}/tape"], 2, "say which"),
        (["coinw", "-o", "{}/tape"], 2, "COINW_API_KEY"),
        (["coinw", "--simulate", "-o", "{}/no/tape"], 2, "cannot be written"),
    ],
)
def test_wrong_usage_is_explained(
    arguments: list[str],
    code: int,
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The message is one line, and no file is left."""
    for name in ("COINW_API_KEY", "COINW_SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)
    given = [argument.format(tmp_path) for argument in arguments]
    done = CliRunner().invoke(assetstream, ["record", *given])

    assert done.exit_code == code
    assert words in done.output
    assert isinstance(done.exception, SystemExit)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="limits the size of files")
@pytest.mark.parametrize("as_json", [False, True])
def test_a_full_disk_is_no_success(tmp_path: Path, as_json: bool) -> None:
    """Summary and exit code show that the tape is incomplete."""
    path = tmp_path / "tape"
    script = (
        "import resource, signal, sys\n"
        "from assetstream.cli import main\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (600, 600))\n"
        "sys.argv[0] = 'assetstream'\n"
        "main()\n"
    )
    arguments = ["record", "coinw", "--simulate", "-o", str(path), "--for", "700ms"]
    with Program("-c", script, *arguments, *["--json"] * as_json) as program:
        assert program.finish() == 1, program.output

    (summary,) = program.out
    if as_json:
        assert "too large" in json.loads(summary)["error"]
    else:
        assert summary.startswith(f"The recording is incomplete: {path} has")
    assert "cannot be written" in program.err[-1]
