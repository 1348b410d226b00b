"""What a stream knows at any moment, read from any thread."""

from __future__ import annotations

from typing import Mapping

from assetstream.display.words import counted
from assetstream.model.balances import Balances
from assetstream.model.errors import AssetStreamError, StaleBalance
from assetstream.model.events import Balance
from assetstream.model.health import Health
from assetstream.model.history import History
from assetstream.model.states import State
from assetstream.protocol import Exchange
from assetstream.runtime import settings
from assetstream.runtime.stream_run import StreamRun

__all__ = ["Readings"]


class Readings:
    """The half of ``AssetStream`` that is read; nothing here waits or changes it."""

    _run: StreamRun

    @property
    def exchange(self) -> Exchange:
        """The exchange that it was made with."""
        return self._run.exchange

    @property
    def account(self) -> str:
        """The label that every event carries."""
        return self._run.account

    @property
    def balances(self) -> Mapping[str, Balance]:
        """All known balances: immutable, consistent, kept over reconnects."""
        engine = self._run.engine
        return Balances(engine.book.balances() if engine else {})

    def balance(self, currency: str, max_age: float | None = None) -> Balance:
        """One currency's balance; zeros for one never held.

        Args:
            currency: its code, in any case.
            max_age: seconds; an older number is refused rather than given.

        Raises:
            ConfigurationError: ``currency`` is no text, or ``max_age`` no number.
            StaleBalance: it is older than ``max_age``, or not known: no complete
                snapshot was merged yet, or what came could not be read.
        """
        engine = self._run.engine
        code = settings.check_currency(currency)
        balance = engine.book.balance(code) if engine else None
        trouble = settings.complaint(code, balance, max_age)
        if balance is not None and not trouble:
            return balance
        raise StaleBalance(
            f"{self.account}: {trouble}; the stream is {self.state}",
            exchange=self.exchange.name,
            account=self.account,
        )

    @property
    def history(self) -> History:
        """The last updates, oldest first, and the last gaps; kept after the end.

        A consistent copy, from any thread; how many it has at most is the argument
        ``history`` of the stream. ``history.to_pandas()`` and ``history.plot()`` make
        a table and a chart of it.
        """
        engine = self._run.engine
        return engine.recent.view() if engine else History()

    @property
    def state(self) -> State:
        """What may be assumed now; see ``State``."""
        return self._run.state

    @property
    def error(self) -> AssetStreamError | None:
        """Why it FAILED; otherwise what went wrong last, None once that is mended."""
        return self._run.error

    def raise_if_failed(self) -> None:
        """Do nothing unless the state is FAILED.

        Raises:
            AssetStreamError: it is; this is ``error``.
        """
        if self.state is State.FAILED and self.error is not None:
            raise self.error.with_traceback(None)

    def health(self) -> Health:
        """The figures of this moment, all of them read at once."""
        engine = self._run.engine
        return engine.health() if engine else Health(state=self.state)

    def __repr__(self) -> str:
        if "_run" not in self.__dict__:  # shown by a crash in the constructor
            return "<AssetStream>"
        if not self._owned_here:
            return f"<AssetStream {self.account} of another process>"
        health = self.health()
        if health.state is State.LIVE:
            told = f", {counted(len(self.balances), 'balance')}"
        else:
            told = f": {health.reason}" if health.reason else ""
        return f"<AssetStream {self.account} {health.state}{told}>"

    @property
    def _owned_here(self) -> bool:
        return self._run.lifecycle.owned_here
