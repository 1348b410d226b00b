"""Options that several commands have."""

from __future__ import annotations

import json

import click
import pytest
from click.testing import CliRunner

from assetstream.cli.options import for_option, json_option, port_option


@click.command()
@json_option
@for_option
@port_option
def command(**options: object) -> None:
    """Print the values of the options."""
    click.echo(json.dumps(options))


def test_defaults() -> None:
    """The output is for people, the run has no end, and the port is any."""
    done = CliRunner().invoke(command, [])

    assert json.loads(done.output) == {"as_json": False, "duration": None, "port": 0}


def test_values_are_read() -> None:
    """A duration becomes seconds."""
    done = CliRunner().invoke(command, ["--json", "--for", "500ms", "--port", "80"])

    assert json.loads(done.output) == {"as_json": True, "duration": 0.5, "port": 80}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--for", "soon"], "write 500ms, 10s, 2m or 1h"),
        (["--port", "65536"], "65536 is not in the range"),
        (["--port", "-1"], "-1 is not in the range"),
    ],
)
def test_what_is_wrong_is_a_usage_error(arguments: list[str], words: str) -> None:
    """The message shows valid values."""
    done = CliRunner().invoke(command, arguments)

    assert done.exit_code == 2
    assert words in done.output
