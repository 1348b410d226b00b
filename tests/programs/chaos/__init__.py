"""Random faults against streams whose accounts trade all the while.

::

    python -m tests.programs.chaos --faults 10000 --seed 1 --processes 12

Faults of the simulator's catalogue are injected, singly and overlapping, while
callbacks are at times slow or raise. A fault counts only once it was met, which means
that it had an effect on the client: a refused login, a lagging read, an unanswered
ping. After each injection the stream must be LIVE again with the ledger's balances to
the last digit, and so must a listener that only knows its callbacks. All waits are a
twentieth as long as in real life (``fast_time``); most of the time is still waiting,
so several processes share the faults. One line of figures is printed; the exit code is
1 if anything was wrong, lost or left behind, or if a kind of fault was injected several
times and never met.

``run``            streams, one after the other, and the leaks of each
``injection``      faults switched on until they were met; ``kinds`` draws them
``fault_effects``  a count of what a fault does to clients
``ledger_check``   a stream and its listener against the ledger
``figures``        the counts of a run
"""

from __future__ import annotations

from tests.programs.chaos.figures import Figures
from tests.programs.chaos.run import chaos

__all__ = ["Figures", "chaos"]
