"""The notebook in a real JupyterLab: what a person sees, and what the exchange does."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from assetstream.display.html import LAPSED
from assetstream.simulator import Account, Simulator
from tests.notebook.browser.conftest import Lab
from tests.notebook.browser.page import Page
from tests.support.event_recorder import PATIENCE
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


def notebook_that_shows(account: Account, file: Path) -> None:
    """Write a notebook of two cells, the second of which shows a live table."""
    # Imported here: it takes seconds, also of a run without a browser.
    import nbformat

    notebook = nbformat.v4.new_notebook()
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    notebook.cells = [
        nbformat.v4.new_code_cell(
            f"import os\nos.environ.update({account.environment()!r})\n"
            "from assetstream import AssetStream, Upbit\nprint(os.getpid())"
        ),
        nbformat.v4.new_code_cell(
            f'stream = AssetStream(Upbit(region="sg"))\nstream.start()\n{SHOW}'
        ),
    ]
    nbformat.write(notebook, file)


def test_a_table_whose_kernel_was_killed_looks_dead(
    page: Page, lab: Lab, simulated_exchange: Simulator
) -> None:
    """The text was past tense all the time; all that looked live has gone."""
    account = simulated_exchange.upbit({"SGD": "10000", "BTC": "0.5"})
    notebook_that_shows(account, lab.root / "killed.ipynb")
    page.open("killed.ipynb")
    page.run_all()
    live = page.wait_for_output(SHOW, "LIVE as of")
    assert page.looks_live(SHOW)
    page.screenshots("lab-killed-before", SHOW)
    os.kill(int(page.output("import os")), signal.SIGKILL)
    page.accept()
    dead = page.wait_until_it_looks_dead(SHOW)
    page.screenshots("lab-killed", SHOW, dead=True)

    assert LAPSED not in live
    assert LAPSED in dead
    assert "LIVE as of" in dead
    simulated_exchange.wait_for_connections(0)


def test_a_kernel_that_ends_in_good_order_shows_it(
    page: Page, lab: Lab, simulated_exchange: Simulator
) -> None:
    """The last picture is that of a stopped stream."""
    account = simulated_exchange.upbit({"SGD": "10000", "BTC": "0.5"})
    notebook_that_shows(account, lab.root / "ended.ipynb")
    page.open("ended.ipynb")
    page.run_all()
    page.wait_for_output(SHOW, "LIVE as of")
    page.shut_down()
    ended = page.wait_for_output(SHOW, "STOPPED as of")

    assert "no longer updated" in ended
    assert not page.looks_live(SHOW)
    page.screenshots("lab-ended", SHOW)


def test_a_wide_table_can_be_scrolled_while_it_moves(
    page: Page, lab: Lab, simulated_exchange: Simulator
) -> None:
    """A repaint does not bring it back to its beginning."""
    account = simulated_exchange.upbit({"SGD": "10000", "BTC": f"0.{'7' * 18}"})
    notebook_that_shows(account, lab.root / "wide.ipynb")
    page.open("wide.ipynb")
    page.run_all()
    page.wait_for_output(SHOW, "LIVE as of")
    scrolled = page.scroll(SHOW, width=600)
    page.wait_for_change(SHOW)
    page.screenshots("lab-wide", SHOW)

    assert scrolled > 0
    assert page.scrolled(SHOW) > 0


def test_nothing_that_was_saved_looks_live(
    page: Page, lab: Lab, simulated_exchange: Simulator
) -> None:
    """Not as HTML for longer than the animation, and not where it is not trusted."""
    account = simulated_exchange.upbit({"SGD": "10000", "BTC": "0.5"})
    source = lab.root / "source.ipynb"
    notebook_that_shows(account, source)
    command = [sys.executable, "-m", "nbconvert", "--execute", source]
    for form in (["--to=html"], ["--to=notebook", "--output=saved"]):
        subprocess.run([*command, *form], check=True, timeout=PATIENCE)

    page.open("saved.ipynb")
    assert not page.looks_live(SHOW)
    untrusted = page.output(SHOW)
    page.screenshots("lab-untrusted", SHOW)
    html = source.with_suffix(".html")
    saved = page.saved(html, "saved-html")
    printed = page.saved(html, "printed-html", "print")

    for text in (untrusted, saved, printed):
        assert "LIVE as of" in text
        assert LAPSED in text


def test_a_cell_run_again_makes_no_second_connection(
    page: Page, lab: Lab, simulated_exchange: Simulator
) -> None:
    """An interrupt changes nothing, and a restart ends the connection."""
    account = simulated_exchange.upbit({"SGD": "10000", "BTC": "0.5"})
    notebook_that_shows(account, lab.root / "again.ipynb")
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
