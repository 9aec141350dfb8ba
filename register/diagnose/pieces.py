"""What the sections of the page are made of: captions, charts, tables and numbers in a language."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape

from register.diagnose.measure import Diagnosis
from register.link.rules import Rules
from register.link.words import Words
from register.locale import translate
from register.locale.numbers import decimal, number, percent
from register.page import html
from register.release.charts import Point, bars
from register.schema import Schema

#: Bits above the threshold that still count as near it.
NEAR = 12


class Pieces:
    """One language's words and numbers for one diagnosis."""

    def __init__(self, found: Diagnosis, rules: Rules, schema: Schema, language: str) -> None:
        labels = {name: concept.label[language] for name, concept in schema.concepts.items()}
        self.found = found
        self.schema = schema
        self.language = language
        self.words = Words(rules, labels, language)
        self.text: Callable[..., str] = lambda key, **values: translate(f"diagnose.{key}", language, **values)

    def look(self, key: str) -> str:
        """Return what to look for."""
        return f"<p><strong>{escape(self.text('look'))}</strong> {escape(self.text(key))}</p>"

    def figure(self, caption: str, svg: str) -> str:
        """Return a chart with its caption."""
        return f"<figure><figcaption>{escape(caption)}</figcaption>{svg}</figure>"

    def bars(self, name: str, caption: str, about: str, series: dict[str, list[Point]]) -> str:
        """Return horizontal bars; ``about`` is the text for those who cannot see them."""
        svg = bars(f"c-{name}", caption, self.text(about), series, self.language)
        return self.figure(caption, svg)

    def table(self, caption: str, heads: Sequence[str], rows: Sequence[Sequence[str]], first: int = 1) -> str:
        """Return a table whose first columns head its rows."""
        return html.table(caption, heads, [(row, "") for row in rows], first)

    def count(self, value: float | None) -> str:
        """Return a count, or a dash."""
        return "–" if value is None else number(value, self.language)

    def percent(self, share: float | None, digits: int = 1) -> str:
        """Return a share in percent, or a dash."""
        return "–" if share is None else percent(share, digits, self.language)

    def decimal(self, value: float, digits: int) -> str:
        """Return a number with so many decimals."""
        return decimal(value, digits, self.language)

    def small(self, value: float | None) -> str:
        """Return a small number to two significant digits, without an exponent."""
        if not value:
            return "–" if value is None else "0"
        return self.decimal(value, max(0, 2 - math.floor(math.log10(value))))

    def band(self, low: float, high: float | None) -> str:
        """Return a band of match weights."""
        ends = {
            "low": number(low, self.language),
            "high": "" if high is None else number(high, self.language),
        }
        return self.text("bits_from" if high is None else "bits_range", **ends)

    def group(self, by: str, code: str) -> str:
        """Return the label of a group of identities or pairs."""
        if by == "all":
            return self.text("by_all")
        if by == "lacks":
            return ", ".join(self.words.concept(name) for name in code.split()) or self.text(
                "nothing_lacking"
            )
        if by == "documents":
            return self.text({"none": "no_document"}.get(code, code))
        if code in ("others", "unknown", "national", "foreign"):
            return self.text(code)
        if by == "sources":
            return " – ".join(self._label("record_source", part) for part in code.split("+"))
        return self._label({"source": "record_source", "citizenship": "country", "sex": "sex"}[by], code)

    def _label(self, codelist: str, code: str) -> str:
        """Return the label of a code."""
        return self.schema.labels(codelist, self.language).get(code, code)
