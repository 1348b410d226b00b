"""A kernel for all tests, and a notebook without one."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Iterator

import IPython
import IPython.display
import pytest

from assetstream.notebook import live_table
from assetstream.simulator import Account, Simulator
from tests.support.event_recorder import PATIENCE

if TYPE_CHECKING:
    from tests.notebook.kernel import Kernel


@pytest.fixture
def account(exchange: Simulator) -> Account:
    """Give an account of one exchange; the notebook does not depend on which."""
    return exchange.upbit({"BTC": "1", "USDT": "1000"})


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """Start a real kernel, shared by the tests since that takes long."""
    # Imported here: it is slow, also for a run without a kernel.
    from tests.notebook.kernel import Kernel

    kernel = Kernel(tmp_path_factory.mktemp("kernel"))
    kernel.start()
    yield kernel
    kernel.end()


class Painted:
    """The output of one call of IPython's ``display``."""

    def __init__(
        self, data: dict[str, str], *, raw: bool, display_id: str, update: bool
    ) -> None:
        assert raw
        self.at = time.monotonic()
        self.text, self.html = data["text/plain"], data["text/html"]
        self.moving = self.html.startswith('<div class="assetstream moving">')
        self.display_id = display_id
        self.update = update


class Outputs:
    """A stand-in for ``display`` that keeps its calls."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.painted: list[Painted] = []
        #: Raised, or called, in place of the next paint.
        self.trouble: Any = None

    def __call__(self, data: dict[str, str], **options: Any) -> None:
        trouble, self.trouble = self.trouble, None
        if isinstance(trouble, BaseException):
            raise trouble
        if trouble is not None:
            trouble()
        with self._changed:
            self.painted.append(Painted(data, **options))
            self._changed.notify_all()

    def wait_for(self, *texts: str) -> Painted:
        """Return the first paint from the last one on that contains all texts."""

        def found() -> bool:
            last = self.painted[-1:]
            return any(all(text in p.text for text in texts) for p in last)

        with self._changed:
            assert self._changed.wait_for(found, PATIENCE), self.painted[-1].text
            return self.painted[-1]


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pages follow each other without delay."""
    monkeypatch.setattr(live_table, "PAUSE", 0.005)


@pytest.fixture
def outputs(monkeypatch: pytest.MonkeyPatch) -> Outputs:
    """Pretend to be in a notebook, and keep its outputs."""
    outputs = Outputs()
    shell = SimpleNamespace(kernel=object())
    monkeypatch.setattr(IPython, "get_ipython", lambda: shell)
    monkeypatch.setattr(IPython.display, "display", outputs)
    return outputs
