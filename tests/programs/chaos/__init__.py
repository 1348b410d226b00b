"""Random faults against streams whose accounts trade all the while.

::

    python -m tests.programs.chaos --faults 10000 --seed 1 --processes 12

Faults of the simulator's catalogue strike, singly and overlapping, while callbacks are
at times slow or raise. A fault counts only if it was met: a witness saw the refused
login, the lagging read, the unanswered ping. After each strike the stream must be LIVE
again and know the ledger to the last digit, and so must whoever only listened to its
callbacks. All waits are a twentieth as long as in real life (``fast_time``); that is
still mostly waiting, so several processes share the faults. One line of figures is
printed; the exit code is 1 unless nothing was wrong, lost or left behind, and unless
every kind of fault was met that struck several times.

``run``      streams, one after the other, and what they leave behind
``strike``   faults on, until they were met; ``kinds`` draws them
``witness``  whether a fault was met
``judge``    a stream and its listener against the ledger
``figures``  what was counted
"""

from __future__ import annotations

from tests.programs.chaos.figures import Figures
from tests.programs.chaos.run import chaos

__all__ = ["Figures", "chaos"]
