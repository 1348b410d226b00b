"""``assetstream record``: a session with an exchange, in a file."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from assetstream.cli.accounts.options import AccountOptions, choosing_account
from assetstream.cli.options import ListingCommand, for_option
from assetstream.cli.view.output import complain, folded, output

__all__ = ["record"]

EPILOG = """\
\b
Examples:
  assetstream record upbit --region sg -o session.jsonl
  assetstream record coinw -o session.jsonl --for 10m --scramble
  assetstream record upbit --simulate -o try.jsonl --for 20s    a first try
  assetstream replay session.jsonl        serve it to a bot, see its --help

\b
The file has JSON lines: a header, then every frame, REST reply, close and
error with its time, written at once, so that it is whole up to the moment
at which the recording ends, however it ends. Only you can read it (0600).

\b
Masked, always:
  keys, secrets, tokens, signatures, and the account's label
  identifiers of users, assets, changes and requests, IP and mail addresses:
    the same one has the same mask everywhere, and order is kept
  everything in a message that is not known to be harmless
  all header fields but the date, the content's type and limits of rate
Not masked:
  which currencies there are, when they changed, the exchange's texts
  amounts, unless you say --scramble: then all amounts of one currency are
    multiplied by one random number that is not written down. Zero stays
    zero, sums and proportions stay true. That hides amounts from a glance;
    somebody who knows their usual steps could find the number out.
Look through the file before you pass it on: it is text.

\b
Keys come from the environment, or a key file: see assetstream watch --help.
stdout has what was recorded, as an object with --json; stderr how far it is.

\b
Exit codes:
  0    ended by you: Ctrl-C or --for
  1    the stream failed (the recording has it), or the file was not written
       to its end
  2    wrong usage, the file exists or cannot be created, or a key or a
       package is missing
  130  a second Ctrl-C, which does not wait for a clean end
"""


@click.command(cls=ListingCommand, epilog=EPILOG)
@choosing_account
@click.option(
    "-o",
    "--output",
    "path",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where to record to.",
)
@click.option("--overwrite", is_flag=True, help="Replace the file if it exists.")
@click.option(
    "--scramble", is_flag=True, help="Hide amounts, by a factor for each currency."
)
@for_option
@click.option("--json", "as_json", is_flag=True, help="Sum up in one JSON object.")
def record(
    choice: AccountOptions,
    path: Path,
    overwrite: bool,
    scramble: bool,
    duration: float | None,
    as_json: bool,
) -> None:
    """Record one account's session, with secrets masked, for a replay.

    EXCHANGE is {exchanges}; with --accounts, a label in that file.
    """
    from assetstream.cli.run.watch import WatchRun
    from assetstream.cli.view.record import RecordView
    from assetstream.model.states import State
    from assetstream.recording import Recorder

    with output(), choice.opened() as accounts:
        if len(accounts) > 1:
            raise click.UsageError(
                "one account is recorded at a time: say which, by its exchange or, "
                "with --accounts, by its label"
            )
        if path.exists() and not overwrite:
            raise click.UsageError(
                f"{path} exists already. Choose another name, or have it replaced by "
                "--overwrite."
            )
        (stream,), _ = choice.usable(accounts)
        recorder = Recorder(stream, path, scramble=scramble, overwrite=overwrite)
        try:
            recorder.start()
        except OSError as exc:
            raise click.UsageError(
                f"{path} cannot be written: {exc.strerror}"
            ) from None
        view = RecordView(recorder, stream)
        try:
            WatchRun([stream], view, duration).run()
        finally:
            recorder.close()
        summary = folded(view.summary, sys.stdout)
        print(json.dumps(view.figures) if as_json else summary)
    if stream.state is State.FAILED and stream.error is not None:
        choice.complain([stream.error])
    if recorder.error is not None:
        complain(f"{path} cannot be written: {recorder.error}")
    if stream.state is State.FAILED or recorder.error is not None:
        sys.exit(1)
