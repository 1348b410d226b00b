"""``assetstream replay``: a recording, served to any client."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import click

from assetstream.cli.options import cannot_listen, json_option, port_option
from assetstream.cli.view.output import complain, output

__all__ = ["replay"]

EPILOG = """\
\b
Examples:
  assetstream replay session.jsonl                 as fast as it was
  assetstream replay session.jsonl --speed 10
  assetstream replay session.jsonl --speed max     as fast as can be
  assetstream replay session.jsonl --port 8080 --json

\b
It prints keys and URLs as variables: paste them where your bot runs, and it
logs in here, unchanged, be it made with assetstream or anything else. With
assetstream watch:
  assetstream watch upbit --region sg     in the shell with the variables

\b
The tape begins when a client has subscribed, so it misses nothing. Frames
are pushed at their times; REST shows the balances of that point of the
tape; closes, drops and refused connections happen again, and the tape waits
for the client to connect again and to read its balances. It pauses while
nobody is subscribed. At the end connections stay open, REST shows the last
balances, and Ctrl-C stops it.
Recorded answers to logins, subscriptions and pings are not pushed, for the
client's own are answered: that is why record counts more frames.
Dates in frames are moved, to be as recent as they were; faster than it was,
the last of them is of now. What an audit found is found again by the
client's own audit, or when it connects again.

\b
Exit codes:
  0    stopped by you after the tape's end
  1    the file cannot be played to its end, or the port is in use
  2    wrong usage, no recording or none that can be read, or a package is
       missing
  130  Ctrl-C came before the tape's end
"""


def speed_of(ctx: click.Context, parameter: click.Parameter, text: str) -> float:
    """Read a speed; raise click's own error for a wrong one."""
    try:
        speed = math.inf if text == "max" else float(text)
    except ValueError:
        speed = 0.0
    if not speed > 0:
        raise click.BadParameter(f"{text!r} is no speed; write 1, 10, 0.5 or max.")
    return speed


@click.command(epilog=EPILOG, short_help="Serve a recording as its exchange.")
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--speed",
    default="1",
    callback=speed_of,
    metavar="N",
    help="So many times faster than it was, or max.  [default: 1]",
)
@port_option
@json_option
def replay(path: Path, speed: float, port: int, as_json: bool) -> None:
    """Serve a recording as its exchange, to a bot that need not be changed.

    FILE is one of assetstream record's.
    """
    from assetstream.cli.run.replay import ReplayRun
    from assetstream.model.errors import ConfigurationError

    try:
        from assetstream.simulator import Replay
    except ModuleNotFoundError as exc:
        raise click.UsageError(str(exc)) from None
    try:
        served = Replay(path, speed=speed, port=port)
    except ConfigurationError as exc:
        raise click.UsageError(str(exc)) from None
    except OSError as exc:
        raise click.UsageError(f"{path} cannot be read: {exc.strerror}") from None
    try:
        served.start()
    except ConfigurationError as exc:
        raise click.UsageError(str(exc)) from None
    except OSError as exc:
        complain(cannot_listen(port, exc))
        sys.exit(1)
    try:
        with output():
            sys.exit(ReplayRun(served, path, speed, as_json).run())
    except ConfigurationError as exc:  # found while playing: the tape was edited
        complain(f"{exc}")
        sys.exit(1)
    finally:
        served.stop()
