"""The lines of ``assetstream simulate``."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess

import pytest

from assetstream.cli.console.output import (
    JsonOutput,
    PlainOutput,
    assignment,
)
from assetstream.simulator import CoinWAccount, Simulator


def write_all(output: PlainOutput, exchange: Simulator, coinw: CoinWAccount) -> None:
    """Write one line of each kind."""
    output.began(exchange.url, {"coinw": coinw})
    output.happened("coinw", "connected")
    output.fault("silent_drop", True)
    output.answer("nothing was on", good=True)
    output.ended()


def test_lines_for_people(exchange: Simulator, coinw: CoinWAccount) -> None:
    """Keys to paste come first; every line is short."""
    out = io.StringIO()
    write_all(PlainOutput(out), exchange, coinw)
    lines = out.getvalue().splitlines()

    assert lines[0].endswith(exchange.url)
    assert assignment("COINW_API_KEY", coinw.api_key) in lines
    assert lines[-4].endswith("  coinw  connected")
    assert lines[-3:] == ["fault on: silent_drop", "nothing was on", "stopped"]


def test_objects_for_programs(exchange: Simulator, coinw: CoinWAccount) -> None:
    """Each object has a kind and a time."""
    out = io.StringIO()
    write_all(JsonOutput(out), exchange, coinw)
    objects = [json.loads(line) for line in out.getvalue().splitlines()]

    kinds = ["began", "event", "fault", "answer", "ended"]
    assert [each["kind"] for each in objects] == kinds
    assert all(each["time"].endswith("Z") for each in objects)
    assert objects[0]["environment"]["coinw"] == coinw.environment()


def test_a_variable_is_set_as_the_shell_wants_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The line is for PowerShell on Windows, for sh elsewhere; quotes where needed."""
    monkeypatch.setattr(os, "name", "posix")
    assert assignment("KEY", "value") == "export KEY=value"
    assert assignment("KEY", "a!7$b") == "export KEY='a!7$b'"
    monkeypatch.setattr(os, "name", "nt")
    assert assignment("KEY", "value") == "$env:KEY = 'value'"
    assert assignment("KEY", "it's $5") == "$env:KEY = 'it''s $5'"


@pytest.mark.skipif(os.name == "nt", reason="pastes into POSIX shells")
@pytest.mark.parametrize("shell", ["bash", "zsh", "sh"])
def test_what_is_pasted_arrives(shell: str) -> None:
    """An interactive shell would else take a word behind "!" from its history."""
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell}")
    value = "a!7 $HOME `id` \"b\" 'c' \\d"
    done = subprocess.run(
        [shell, "-i"],
        input=f"{assignment('KEY', value)}\nprintf '<%s>' \"$KEY\"\n",
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"], "HOME": os.devnull, "HISTFILE": ""},
        start_new_session=True,
    )

    assert f"<{value}>" in done.stdout, done.stderr
