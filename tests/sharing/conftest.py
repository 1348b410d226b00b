"""Few examples of hypothesis, unless its own option asks for many."""

from __future__ import annotations

import tests.support.examples  # noqa: F401 - it has a profile loaded
