"""Small pieces of HTML that read well in light and in dark notebooks.

Every text that is put in is escaped here. Colours are inherited where that will do;
the few of our own are mixed with the text's, and so are darker on a light page and
lighter on a dark one. There is no script and nothing external, and the style applies
to what has our class alone.
"""

from __future__ import annotations

from assetstream.plain import NUMERIC, Grid

__all__ = [
    "COLOURS",
    "SHARE",
    "bold",
    "coloured",
    "dim",
    "escape",
    "light",
    "lines",
    "panel",
    "table",
]

#: A browser that cannot mix shows these as they are: of middling brightness, 4.2 to 1
#: or better against white as well as #111.
COLOURS = {"good": "#0b8b45", "bad": "#d9403f", "warn": "#a06f00"}
#: How much of our colour is in the mix; the rest is the text's.
SHARE = 0.75
#: State -> its sign and colour: never told apart by the colour alone.
LIGHTS = {
    "NEW": ("\u25cb", "dim"),
    "CONNECTING": ("\u25d4", "warn"),
    "LIVE": ("\u25cf", "good"),
    "STALE": ("\u25b2", "warn"),
    "FAILED": ("\u2716", "bad"),
    "STOPPED": ("\u25a0", "dim"),
}

_STYLE = (
    "<style>"
    ".assetstream{font-variant-numeric:tabular-nums;line-height:1.5}"
    ".assetstream table{border:0;border-collapse:collapse;margin:.3em 0 .4em}"
    ".assetstream table td,.assetstream table th"
    "{border:0;color:inherit;padding:.15em .9em;text-align:left;white-space:nowrap}"
    ".assetstream table thead th{border-bottom:1px solid;font-weight:600}"
    ".assetstream table .n{text-align:right}"
    ".assetstream .dim{opacity:.72}"
    ".assetstream table .old{opacity:.6}"
    + "".join(
        f".assetstream .{name}{{color:{colour};color:color-mix(in srgb,{colour} "
        f"{SHARE:.0%},currentColor)}}"
        for name, colour in COLOURS.items()
    )
    + "</style>"
)
_ESCAPES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"}
)


def escape(text: object) -> str:
    """A text that is nothing but text to a browser."""
    return str(text).translate(_ESCAPES)


def bold(text: object) -> str:
    """Emphasised."""
    return f"<b>{escape(text)}</b>"


def dim(text: object) -> str:
    """Less prominent."""
    return f'<span class="dim">{escape(text)}</span>'


def coloured(text: object, look: str) -> str:
    """In one of ``COLOURS``, by its name."""
    return f'<span class="{look}">{escape(text)}</span>'


def light(state: str, text: str = "") -> str:
    """A state's sign, in its colour, with its name or another text."""
    sign, look = LIGHTS[state]
    return f'<span class="{look}">{sign} <b>{escape(text or state)}</b></span>'


def table(grid: Grid) -> str:
    """A table, its numbers to the right."""
    numeric = [' class="n"' if name in NUMERIC else "" for name in grid.names]
    heads = zip(grid.names, numeric, strict=True)
    head = "".join(f"<th{kind}>{escape(name)}</th>" for name, kind in heads)
    body = []
    for row in grid.rows:
        cells = []
        for name, cell in zip(grid.names, row, strict=True):
            looks = " ".join(filter(None, ("n" if name in NUMERIC else "", cell.look)))
            kind = f' class="{looks}"' if looks else ""
            cells.append(f"<td{kind}>{escape(cell.text)}</td>")
        body.append(f"<tr>{''.join(cells)}</tr>")
    return (
        f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"
    )


def lines(*each: str) -> str:
    """Pieces of HTML, each in a line of its own; empty ones are left out."""
    return "".join(f"<div>{piece}</div>" for piece in each if piece)


def panel(*pieces: str) -> str:
    """Everything that one output shows."""
    return f'<div class="assetstream">{_STYLE}{"".join(pieces)}</div>'
