"""What every chart is drawn with, as SVG text: a page must open without a network and print as it looks.

Every chart has a title and a description for screen readers, no text below 12 pixels, and colours that differ in
lightness as well as in hue (contrast of at least 3 to 1 with white), so that a grey print still tells them apart.
"""

from __future__ import annotations

import math
from html import escape

BLUE, ORANGE, GREY, INK = "#1b4f8a", "#c4560a", "#6b7280", "#1f2933"
PALE = {BLUE: "#c9d8ea", ORANGE: "#f5d6c0"}
WIDTH = 720


def figure(name: str, title: str, description: str, body: str, height: float) -> str:
    """Return an SVG with its accessible name and description."""
    return (
        f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-labelledby="{name}-t {name}-d" '
        f'font-family="system-ui, sans-serif" font-size="13" fill="{INK}">'
        f'<title id="{name}-t">{escape(title)}</title><desc id="{name}-d">{escape(description)}</desc>{body}</svg>'
    )


def text(x: float, y: float, words: str, anchor: str = "start", extra: str = "") -> str:
    """Return a text at a place; ``extra`` holds further attributes."""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {extra}>{escape(words)}</text>'


def line(x1: float, y1: float, x2: float, y2: float, colour: str = "#d3d8de", width: float = 1) -> str:
    """Return a straight line."""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" stroke-width="{width}"/>'


def ticks(top: float, count: int = 5) -> list[float]:
    """Return round values from 0 to at least the top."""
    if top <= 0:
        return [0.0, 1.0]
    step = 10 ** math.floor(math.log10(top / count))
    step = next(step * m for m in (1, 2, 5, 10) if top / (step * m) <= count)
    return [step * i for i in range(math.ceil(top / step) + 1)]


def shorten(text: str, length: int) -> str:
    """Return a label cut to a length."""
    return text if len(text) <= length else text[: length - 1] + "…"
