"""Pages as HTML that reads well in light and in dark notebooks.

Every text is escaped here. Colours are inherited where that will do;
the few of our own are mixed with the text's, and so are darker on a light page and
lighter on a dark one. There is no script and nothing external, and the style applies
to what has our class alone.

A table that is repainted all the time looks live only by an animation that each repaint
begins anew and that ends by itself. Saved, exported, stripped of its style, or shown by
a notebook whose kernel has died, it looks as what it is then: a picture of the past.
"""

from __future__ import annotations

from typing import Sequence

from assetstream.display.page import LIGHTS, NUMERIC, Grid, Line, Page

__all__ = ["COLOURS", "LAPSE", "SHARE", "as_html", "escape"]

#: Seconds for which a table looks live after each repaint.
LAPSE = 8
LAPSED = "Not updated since then: the kernel has ended, or this is a copy."

#: A browser that cannot mix shows these as they are: of middling brightness, 4.2 to 1
#: or better against white as well as #111.
COLOURS = {"good": "#0b8b45", "bad": "#d9403f", "warn": "#a06f00"}
#: How much of our colour is in the mix; the rest is the text's.
SHARE = 0.75
#: How much of our colour is behind what has just changed.
TINT = "33"

# Named twice, it outweighs the styles that notebooks give to all tables.
_OURS = ".assetstream.assetstream"
_MOVING = f"{_OURS}.moving"
_GOOD = (
    f"color:{COLOURS['good']};"
    f"color:color-mix(in srgb,{COLOURS['good']} {SHARE:.0%},currentColor)"
)
_STYLE = (
    "<style>"
    f"{_OURS}{{font-variant-numeric:tabular-nums;line-height:1.5}}"
    f"{_OURS} table{{border:0;border-collapse:collapse;margin:.3em 0 .4em}}"
    f"{_OURS} table td,{_OURS} table th"
    "{border:0;color:inherit;padding:.15em .8em;text-align:left;white-space:nowrap}"
    f"{_OURS} table thead th{{border-bottom:1px solid;font-weight:600}}"
    f"{_OURS} table .n{{text-align:right}}"
    f"{_OURS} .dim{{opacity:.72}}"
    f"{_OURS} table .old{{opacity:.6}}"
    # Not bold, which would be wider and stand beside its column.
    f"{_OURS} table .grew{{background:{COLOURS['good']}{TINT}}}"
    f"{_OURS} table .shrank{{background:{COLOURS['bad']}{TINT}}}"
    f"{_OURS} table .f{{display:inline-block;text-align:left}}"
    f'{_MOVING} b.live::before{{content:"\\25CF\\A0";opacity:0}}'
    f"{_MOVING} .lapsed{{overflow:hidden}}"
    f"{_MOVING} table{{opacity:.65}}"
    # The same from the beginning to the end, and then at once as without it.
    "@keyframes assetstream-live{from,to{" + _GOOD + "}}"
    "@keyframes assetstream-shown{from,to{opacity:1}}"
    "@keyframes assetstream-hidden{from,to{max-height:0;visibility:hidden}}"
    f"{_MOVING} b.live{{animation:assetstream-live {LAPSE}s}}"
    f"{_MOVING} b.live::before,{_MOVING} table"
    f"{{animation:assetstream-shown {LAPSE}s}}"
    f"{_MOVING} .lapsed{{animation:assetstream-hidden {LAPSE}s}}"
    f"@media print{{{_MOVING} *,{_MOVING} b.live::before{{animation:none!important}}}}"
    + "".join(
        f"{_OURS} table .{name},{_OURS} .{name}{{color:{colour};"
        f"color:color-mix(in srgb,{colour} {SHARE:.0%},currentColor)}}"
        for name, colour in COLOURS.items()
    )
    + "</style>"
)
_ESCAPES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"}
)


def escape(text: object) -> str:
    """Escape what a browser would take for more than text."""
    return str(text).translate(_ESCAPES)


def as_html(page: Page, *, moving: bool = False) -> str:
    """Render everything that one output shows.

    Args:
        page: what it shows.
        moving: it will be repainted within ``LAPSE`` seconds. Where that does not
            happen, a line below its first says so.
    """
    pieces = [_table(p) if isinstance(p, Grid) else _line(p) for p in page]
    look = "assetstream"
    if moving:
        look += " moving"
        pieces.insert(1, f'<div class="lapsed warn">{LAPSED}</div>')
    return f'<div class="{look}">{_STYLE}{"".join(pieces)}</div>'


def _line(line: Line) -> str:
    pieces = []
    for state, words in line.lights:
        sign, look = LIGHTS[state]
        # All is well for a moment only: that has no sign and colour that would stay.
        light = f'<span class="{look}">{sign} <b>{escape(words)}</b></span>'
        if look == "good":
            light = f'<b class="live">{escape(words)}</b>'
        pieces.append(f"{light}&ensp;")
    if line.name:
        pieces.append(f"<b>{escape(line.name)}</b>")
    pieces.append(escape(line.text))
    return f"<div{_class(line.look)}>{' '.join(pieces)}</div>"


def _table(grid: Grid) -> str:
    if not grid.rows:
        return ""
    sides = ["n" if name in NUMERIC else "" for name in grid.names]
    heads = [
        f"<th{_class(side)}>{escape(name)}</th>"
        for name, side in zip(grid.names, sides, strict=True)
    ]
    columns = []
    for number, side in enumerate(sides):
        texts = [escape(row[number].text) for row in grid.rows]
        columns.append(_aligned(texts) if side else texts)
    rows = []
    for number, row in enumerate(grid.rows):
        cells = [
            f"<td{_class(side, cell.look)}>{column[number]}</td>"
            for column, cell, side in zip(columns, row, sides, strict=True)
        ]
        rows.append(f"<tr>{''.join(cells)}</tr>")
    return (
        f"<table><thead><tr>{''.join(heads)}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def _aligned(numbers: Sequence[str]) -> Sequence[str]:
    """Give all fractions the same room, so that points stand below each other.

    Text is copied as it is: there are no spaces for that in it.
    """
    parts = [number.partition(".") for number in numbers]
    most = max(len(fraction) for _, _, fraction in parts)
    if all(len(fraction) == most for _, _, fraction in parts):
        return numbers
    room = f'<span class="f" style="width:{most + 1}ch">'
    return [
        f"{whole}{room}{point}{fraction}</span>" if whole else ""
        for whole, point, fraction in parts
    ]


def _class(*looks: str) -> str:
    names = " ".join(filter(None, looks))
    return f' class="{names}"' if names else ""
