"""The command ``assetstream``, and the commands below it, each in a file of its own.

They import at their heads what their options need, and the rest when they run: the
shell's completion is to answer at once.
"""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import Iterator

import click

from assetstream.cli.commands.balances import balances
from assetstream.cli.commands.doctor import doctor
from assetstream.cli.commands.fleet import fleet
from assetstream.cli.commands.history import history
from assetstream.cli.commands.record import record
from assetstream.cli.commands.relay import relay
from assetstream.cli.commands.replay import replay
from assetstream.cli.commands.simulate import simulate
from assetstream.cli.commands.watch import watch
from assetstream.cli.exit_codes import INTERRUPTED
from assetstream.version import __version__

__all__ = ["assetstream"]

EPILOG = """\
\b
Begin with:
  assetstream watch --simulate            no keys, no network
  assetstream watch upbit --region sg     a live table of one account
  assetstream COMMAND --help              examples, variables, exit codes

\b
Completion of commands, options, exchanges and faults, by one line in
  ~/.bashrc   eval "$(_ASSETSTREAM_COMPLETE=bash_source assetstream)"
  ~/.zshrc    eval "$(_ASSETSTREAM_COMPLETE=zsh_source assetstream)"
  ~/.config/fish/config.fish
              _ASSETSTREAM_COMPLETE=fish_source assetstream | source

\b
Exit codes of all commands:
  0    it did what it was asked; for one that runs until Ctrl-C, that ended it
  1    something failed; why, and what to do, is on stderr
  2    wrong usage, or a key or a package is missing
  3    of doctor alone: it works, but look at what is YELLOW
  130  Ctrl-C came before it was done, or a second time
SIGTERM, from a service manager, does what Ctrl-C does.
"""


class Commands(click.Group):
    """Ends at Ctrl-C and SIGTERM without a word, as programs do."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            with sigterm_as_ctrl_c():
                return super().invoke(ctx)
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)


@contextmanager
def sigterm_as_ctrl_c() -> Iterator[None]:
    """Let SIGTERM raise KeyboardInterrupt; unless it is ignored, which stays so."""
    kept = signal.getsignal(signal.SIGTERM)
    if kept is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, kept)


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EPILOG,
)
@click.version_option(__version__)
def assetstream() -> None:
    """Live account balances of crypto exchanges: exact, and never silently stale."""


COMMANDS = (
    *(watch, balances, history, doctor),
    *(relay, fleet),
    *(simulate, record, replay),
)
for command in COMMANDS:
    assetstream.add_command(command)
