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
from assetstream.runtime.engine import Settings
from assetstream.runtime.lifecycle import Launch

__all__ = ["Readings"]


class Readings:
    """The half of ``AssetStream`` that is read; nothing here waits or changes it."""

    _exchange: Exchange
    _settings: Settings
    _launch: Launch

    @property
    def exchange(self) -> Exchange:
        """The exchange that it was made with."""
        return self._exchange

    @property
    def account(self) -> str:
        """The label that every event carries."""
        return self._settings.account

    @property
    def balances(self) -> Mapping[str, Balance]:
        """All known balances: immutable, consistent, kept over reconnects."""
        life = self._launch.life
        return Balances(life.book.balances() if life else {})

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
        life = self._launch.life
        code = settings.check_currency(currency)
        balance = life.book.balance(code) if life else None
        trouble = settings.complaint(code, balance, max_age)
        if balance is not None and not trouble:
            return balance
        raise StaleBalance(
            f"{self.account}: {trouble}; the stream is {self.state}",
            exchange=self._exchange.name,
            account=self.account,
        )

    @property
    def history(self) -> History:
        """The last updates, oldest first, and the last gaps; kept after the end.

        A consistent copy, from any thread; how many it has at most is the argument
        ``history`` of the stream. ``history.to_pandas()`` and ``history.plot()`` make
        a table and a chart of it.
        """
        life = self._launch.life
        return life.recent.view() if life else History()

    @property
    def state(self) -> State:
        """What may be assumed now; see ``State``."""
        life = self._launch.life
        if life is None:
            return State.STOPPED if self._launch.stop_requested else State.NEW
        return life.state

    @property
    def error(self) -> AssetStreamError | None:
        """Why it FAILED; otherwise what went wrong last, None once that is mended."""
        life = self._launch.life
        return life.error if life else None

    def raise_if_failed(self) -> None:
        """Do nothing unless the state is FAILED.

        Raises:
            AssetStreamError: it is; this is ``error``.
        """
        if self.state is State.FAILED and self.error is not None:
            raise self.error.with_traceback(None)

    def health(self) -> Health:
        """The figures of this moment, all of them read at once."""
        life = self._launch.life
        return life.health() if life else Health(state=self.state)

    def __repr__(self) -> str:
        if "_launch" not in self.__dict__:  # shown by a crash in the constructor
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
        return self._launch.owned_here

    @property
    def _gone(self) -> bool:
        return not self._owned_here or self.state.final
