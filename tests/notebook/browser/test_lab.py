"""The notebook in a real JupyterLab: what a person sees, and what the exchange does."""

from __future__ import annotations

import shutil

import pytest

from assetstream.simulator import Simulator
from tests.notebook.browser.conftest import Lab
from tests.notebook.browser.page import Page
from tests.support.processes import ROOT

pytestmark = pytest.mark.browser

SHOW = "stream.show()"


def test_the_sample_runs_and_its_tables_move(page: Page, lab: Lab) -> None:
    """The notebook runs without complaint; its tables change while no cell runs."""
    shutil.copy(ROOT / "samples" / "notebook.ipynb", lab.root)
    page.open("notebook.ipynb")
    page.screenshots("lab-sample-before", "simulator = ")
    page.run_all()
    page.wait_for_output("group.show()", "carol")

    assert page.complaints == []
    for table in (SHOW, "group.show()"):
        before, after = page.wait_for_change(table)
        assert before != after
        assert page.idle
    page.screenshots("lab-sample", SHOW, "nan_amounts", "plot()", "group.show()")


def test_a_cell_run_again_makes_no_second_connection(
    page: Page, lab: Lab, simulated_exchange: Simulator
) -> None:
    """An interrupt changes nothing, and a restart ends the connection."""
    # Imported here: it takes seconds, also of a run without a browser.
    import nbformat

    account = simulated_exchange.upbit({"SGD": "10000", "BTC": "0.5"})
    notebook = nbformat.v4.new_notebook()
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    notebook.cells = [
        nbformat.v4.new_code_cell(
            f"import os\nos.environ.update({account.environment()!r})\n"
            "from assetstream import AssetStream, Upbit"
        ),
        nbformat.v4.new_code_cell(
            f'stream = AssetStream(Upbit(region="sg"))\nstream.start()\n{SHOW}'
        ),
    ]
    nbformat.write(notebook, lab.root / "again.ipynb")
    page.open("again.ipynb")
    page.run_all()
    page.wait_for_output(SHOW, "10000")

    with account.trade(rate=5):
        assert len(set(page.wait_for_change(SHOW))) == 2
        assert page.idle
        page.screenshots("lab-again-before", SHOW)
        for _ in range(3):
            page.run_cell(SHOW)
            page.wait_for_output(SHOW, "LIVE")
            assert (simulated_exchange.connections, account.subscribers) == (1, 1)
        page.interrupt()
        assert len(set(page.wait_for_change(SHOW))) == 2
        assert (simulated_exchange.connections, account.subscribers) == (1, 1)
        page.screenshots("lab-again-after", SHOW)

    assert page.complaints == []
    page.restart()
    simulated_exchange.wait_for_connections(0)
