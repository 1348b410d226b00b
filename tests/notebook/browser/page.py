"""A notebook in a browser, and what a person does with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from assetstream.display.html import LAPSE

__all__ = ["Page"]

#: The longest wait for anything, milliseconds.
PATIENCE = 60_000
#: Milliseconds in which no animation ends.
PRINTED = LAPSE * 500
#: JupyterLab's own state of the open notebook's kernel.
IDLE = (
    "window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel?.status"
    " === 'idle'"
)

#: Whether a light of a table below an element has another colour than its words, a sign
#: before it, or no words about its end.
LOOKS_LIVE = """
root => [...root.querySelectorAll('.assetstream b.live')].some(light => {
    const colour = element => getComputedStyle(element).color
    const table = light.closest('.assetstream'), lapsed = table.querySelector('.lapsed')
    return colour(light) !== colour(light.parentElement)
        || !['none', '0'].some(hidden => {
            const sign = getComputedStyle(light, '::before')
            return sign.content === hidden || sign.opacity === hidden
        })
        || lapsed && getComputedStyle(lapsed).visibility === 'hidden'
})
"""

SCROLLED = """
area => Math.max(
    ...[area, ...area.querySelectorAll('*')].map(element => element.scrollLeft))
"""
SCROLL = """
area => {
    for (const element of [area, ...area.querySelectorAll('*')])
        element.scrollLeft = 9999
    return SCROLLED(area)
}
""".replace("SCROLLED", f"({SCROLLED.strip()})")


class Page:
    """One page of JupyterLab, with one notebook open.

    Args:
        page: Playwright's.
        url: JupyterLab's.
        token: that lets us in.
        screenshots: where to keep pictures.
    """

    def __init__(self, page: Any, url: str, token: str, screenshots: Path) -> None:
        self._page = page
        self._url = url
        self._token = token
        self._screenshots = screenshots
        page.set_default_timeout(PATIENCE)

    def open(self, notebook: str) -> None:
        """Open a notebook and wait for its kernel."""
        self._page.goto(f"{self._url}lab/tree/{notebook}?reset&token={self._token}")
        self._page.wait_for_selector(".jp-NotebookPanel")
        self.command("application:toggle-left-area")
        self.wait_idle()

    def command(self, name: str, **arguments: Any) -> None:
        """Run a menu command."""
        self._page.evaluate(
            "([name, args]) => { window.jupyterapp.commands.execute(name, args) }",
            [name, arguments],
        )

    def run_all(self) -> None:
        """Run every cell, and wait until the last one has ended."""
        self.command("notebook:run-all-cells")
        self._page.wait_for_function(
            "[...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')]"
            ".every(prompt => /\\[\\d+\\]/.test(prompt.textContent))"
        )
        self.wait_idle()

    def run_cell(self, text: str) -> None:
        """Run the cell that has this text, once more, and wait for its end."""
        cell = self.cell(text)
        prompt = cell.locator(".jp-InputPrompt").inner_text()
        cell.locator(".jp-InputPrompt").click()
        self._page.keyboard.press("Control+Enter")
        self._page.wait_for_function(
            "([cell, before]) => { const now = cell.querySelector('.jp-InputPrompt')"
            ".textContent; return now !== before && /\\[\\d+\\]/.test(now) }",
            arg=[cell.element_handle(), prompt],
        )
        self.wait_idle()

    def restart(self) -> None:
        """Restart the kernel, and confirm the dialog."""
        self.command("notebook:restart-kernel")
        self.accept()
        self.wait_idle()

    def shut_down(self) -> None:
        """Shut the kernel down, and start no other."""
        self.command("kernelmenu:shutdown")

    def accept(self) -> None:
        """Wait for a dialog, and agree."""
        self._page.locator(".jp-Dialog .jp-mod-accept").click()

    def interrupt(self) -> None:
        """Interrupt the kernel."""
        self.command("notebook:interrupt-kernel")
        self.wait_idle()

    def wait_idle(self) -> None:
        """Wait until the kernel runs no cell."""
        self._page.wait_for_function(IDLE)

    @property
    def idle(self) -> bool:
        """True if the kernel runs no cell."""
        return bool(self._page.evaluate(IDLE))

    def cell(self, text: str) -> Any:
        """Return the code cell that has this text."""
        return self._page.locator(".jp-CodeCell").filter(
            has=self._page.locator(".jp-InputArea", has_text=text)
        )

    def output(self, text: str) -> str:
        """Return the output of the cell that has this text."""
        return str(self.cell(text).locator(".jp-OutputArea").first.inner_text())

    def wait_for_output(self, text: str, content: str) -> str:
        """Wait until ``content`` is shown below that cell."""
        area = self.cell(text).locator(".jp-OutputArea").first
        area.filter(has_text=content).wait_for()
        return str(area.inner_text())

    def wait_for_change(self, text: str) -> tuple[str, str]:
        """Wait until the output of that cell changes; return it before and after."""
        before = self.output(text)
        self._page.wait_for_function(
            "([area, before]) => area.innerText !== before",
            arg=[
                self.cell(text).locator(".jp-OutputArea").first.element_handle(),
                before,
            ],
        )
        return before, self.output(text)

    def scroll(self, text: str, width: int) -> float:
        """Make the window narrow, and scroll the table of that cell to its right end.

        Returns:
            By how much it was scrolled.
        """
        self._page.set_viewport_size({"width": width, "height": 720})
        area = self.cell(text).locator(".jp-OutputArea").first
        # Jupyter lays itself out anew a moment later.
        self._page.wait_for_function(
            f"area => ({SCROLL})(area) > 0", arg=area.element_handle()
        )
        return self.scrolled(text)

    def scrolled(self, text: str) -> float:
        """Return by how much the table of that cell is scrolled to its right."""
        area = self.cell(text).locator(".jp-OutputArea").first
        return float(area.evaluate(SCROLLED))

    def looks_live(self, text: str) -> bool:
        """Return whether the table of that cell looks as if it were live."""
        area = self.cell(text).locator(".jp-OutputArea").first
        return bool(area.evaluate(LOOKS_LIVE))

    def wait_until_it_looks_dead(self, text: str) -> str:
        """Wait until that table does not; return the text of the output."""
        area = self.cell(text).locator(".jp-OutputArea").first
        self._page.wait_for_function(
            f"area => !({LOOKS_LIVE})(area)", arg=area.element_handle()
        )
        return str(area.inner_text())

    def saved(self, file: Path, picture: str, media: str = "screen") -> str:
        """Open a saved page, and wait until nothing of it looks live.

        Args:
            file: the page.
            picture: the name of the picture that is saved then.
            media: "print" for what a printer gets, which waits for nothing.

        Returns:
            The text of the page.
        """
        tab = self._page.context.browser.new_page()
        tab.emulate_media(media=media)
        tab.goto(file.as_uri())
        timeout = PATIENCE if media == "screen" else PRINTED
        dead = f"() => !({LOOKS_LIVE})(document.body)"
        tab.wait_for_function(dead, timeout=timeout)
        tab.screenshot(path=self._screenshots / f"{picture}.png")
        text = str(tab.inner_text("body"))
        tab.close()
        return text

    @property
    def complaints(self) -> list[str]:
        """Return errors and texts on stderr."""
        kinds = ("error", "stderr")
        found = ", ".join(
            f'[data-mime-type="application/vnd.jupyter.{kind}"]' for kind in kinds
        )
        return list(self._page.locator(found).all_inner_texts())

    def screenshots(self, name: str, *cells: str, dead: bool = False) -> None:
        """Save pictures of these cells and their outputs, in both themes.

        Args:
            name: with which the names of the files begin.
            cells: their texts.
            dead: wait until no table looks live; a change of theme begins it anew.
        """
        for theme in ("Light", "Dark"):
            self.command("apputils:change-theme", theme=f"JupyterLab {theme}")
            self._page.wait_for_function(
                "theme => document.body.dataset.jpThemeName.endsWith(theme)"
                " && !document.getElementById('jupyterlab-splash')",
                arg=theme,
            )
            for number, text in enumerate(cells, 1):
                self.cell(text).evaluate("cell => cell.scrollIntoView()")
                if dead:
                    self.wait_until_it_looks_dead(text)
                file = f"{name}-{number}-{theme.lower()}.png"
                self._page.screenshot(path=self._screenshots / file)

    def close(self) -> None:
        """End the kernel, so that the next notebook has a fresh one."""
        self._page.evaluate("window.jupyterapp.serviceManager.sessions.shutdownAll()")
