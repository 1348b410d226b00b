"""The examples that hypothesis makes: few at every save, many in a search.

``pytest @tests/pure --hypothesis-profile search`` makes many, others every time.
"""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile(
    "save",
    max_examples=30,
    stateful_step_count=25,
    # The same in every run, wherever it is.
    derandomize=True,
    database=None,
    # A test may be slow, never wrong.
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
settings.register_profile(
    "search",
    settings.get_profile("save"),
    max_examples=1000,
    derandomize=False,
    # What was found is found again by the line that it prints.
    print_blob=True,
)
settings.load_profile("save")
