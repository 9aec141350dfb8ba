"""The report: one HTML file a language, with static charts and the table behind each of them. It prints as it looks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path

from register.locale import translate
from register.release import charts, html, maps
from register.release.declaration import UNKNOWN
from register.release.order import Order
from register.release.published import Published
from register.release.views import TOP, Row, largest, rows, settled_year

YEARS_OF_DIRECTION = ("direction", "side", "crossing_direction")


def write_report(tables: Sequence[Published], order: Order, language: str, path: Path) -> None:
    """Write the report of a release in a language."""
    path.write_text(Report(tables, order, language).page(), "utf-8")


def reading_notes(order: Order, text: Callable[..., str]) -> list[str]:
    """Return what a reader must know of every figure: provisional values, intervals, protection, absent cells."""
    protection = order.protection
    method = protection.method.replace("-", "_")
    return [
        text("read_provisional"),
        text("read_interval"),
        text(f"protected_{method}", base=protection.base, threshold=protection.threshold),
        text("read_zero"),
        text("read_children"),
    ]


class Report:
    """One language's report, section by section."""

    def __init__(self, tables: Sequence[Published], order: Order, language: str) -> None:
        self.tables = {one.table.name: one for one in tables if not one.table.is_open}
        self.order = order
        self.releases = order.releases
        self.language = language
        self.text: Callable[..., str] = lambda key, **values: translate(f"release.{key}", language, **values)
        self.year = settled_year(self.tables["T01"])

    def page(self) -> str:
        """Return the whole page."""
        title = self.text("title", country=self._country(), year=self.year)
        sections = [self._section(one) for one in self.tables.values()]
        contents = "".join(
            f'<li><a href="#{name}">{escape(one.table.title[self.language])}</a></li>'
            for name, one in self.tables.items()
        )
        body = (
            f"<header><h1>{escape(title)}</h1>"
            f'<p class="soft">{escape(self.text("subtitle", month=self.order.month, until=self._until()))}</p></header>'
            f'<main id="main">{self._headline()}{self._notes()}'
            f'<nav aria-label="{escape(self.text("contents"))}"><h2>{escape(self.text("contents"))}</h2>'
            f"<ol>{contents}</ol></nav>{''.join(sections)}</main>"
        )
        return html.page(title, self.language, body, self.text("skip"))

    def _country(self) -> str:
        return self.releases.label("citizenship", self.order.parameters.country, self.language)

    def _until(self) -> str:
        return self.order.parameters.observed_until.isoformat()

    def _rows(self, name: str, by: Sequence[str], **codes: str) -> list[Row]:
        return rows(self.tables[name], self.releases, self.language, by, **codes)

    def _headline(self) -> str:
        entries = []
        for row in self._rows("T01", ("direction",), year=self.year):
            half = (
                "" if row.half is None else f" <span>± {charts.number(round(row.half), self.language)}</span>"
            )
            entries.append(
                f"<div><dt>{escape(row.labels[0])}, {self.year}</dt>"
                f"<dd>{html.cell(row.value, self.language)}{half}</dd></div>"
            )
        return f'<dl class="headline">{"".join(entries)}</dl>'

    def _notes(self) -> str:
        lines = reading_notes(self.order, self.text)
        listed = "".join(f"<li>{escape(line)}</li>" for line in lines)
        return f"<h2>{escape(self.text('how_to_read'))}</h2><ul>{listed}</ul>"

    def _section(self, one: Published) -> str:
        table = one.table
        pieces = [
            f'<section id="{table.name}"><h2>{escape(table.name)}. {escape(table.title[self.language])}</h2>'
        ]
        unit = table.unit.get(self.language)
        if unit:
            pieces.append(f'<p class="soft">{escape(self.text("unit", unit=unit))}</p>')
        pieces += [
            f'<p class="note"><strong>{" · ".join(map(str, period.years))}.</strong> '
            f"{escape(period.label[self.language])}</p>"
            for period in self.releases.periods
            if period.concerns(table.name, one.years)
        ]
        draw = {"lines": self._lines, "pyramid": self._pyramid, "map": self._map, "none": self._plain}
        pieces.append(draw.get(table.chart, self._bars)(one))
        if table.note.get(self.language):
            pieces.append(f"<p>{escape(table.note[self.language])}</p>")
        also = "; ".join(name for name in (*table.eurostat, table.un.get(self.language, "")) if name)
        if also:
            pieces.append(f'<p class="soft">{escape(self.text("corresponds", tables=also))}</p>')
        return "".join([*pieces, "</section>"])

    def _figure(self, caption: str, svg: str) -> str:
        return f"<figure><figcaption>{escape(caption)}</figcaption>{svg}</figure>"

    def _lines(self, one: Published) -> str:
        name = one.table.name
        found = [row for row in self._rows(name, ("direction", "year")) if row.codes[0] != "net"]
        series = {row.labels[0]: [r.point for r in found if r.labels[0] == row.labels[0]] for row in found}
        title = one.table.title[self.language]
        svg = charts.lines(
            f"c-{name}", title, self.text("lines_about", years=", ".join(one.years)), series, self.language
        )
        shown = self._rows(name, ("year", "direction"))
        heads = [self._label("year"), self._label("direction")]
        nationality = self._rows(name, ("nationality", "direction"), year=self.year)
        return (
            self._figure(title, svg)
            + html.rows_table(title, heads, shown, self.language, self.text)
            + html.rows_table(
                f"{title}, {self.year}",
                [self._label("nationality"), heads[1]],
                nationality,
                self.language,
                self.text,
            )
        )

    def _label(self, dimension: str) -> str:
        return self.releases.dimensions[dimension].label[self.language]

    def _pyramid(self, one: Published) -> str:
        pieces = []
        leaves = [code.code for code in self.releases.dimensions["age"].codes if not code.parts]
        shown = [code for code in leaves if code not in ("Y15T17", "Y18T19")]
        shown.insert(shown.index("Y20T24") if "Y20T24" in shown else 3, "Y15T19")
        for direction in ("immigration", "emigration"):
            label = self.releases.label("direction", direction, self.language)
            caption = f"{one.table.title[self.language]}: {label.lower()}, {self.year}"
            sides = {}
            for sex in ("F", "M"):
                found = {
                    row.codes[0]: row
                    for row in self._rows(
                        one.table.name, ("age",), year=self.year, direction=direction, sex=sex
                    )
                }
                sides[sex] = [
                    charts.Point(self._band(code), (found[code].value or 0.0) if code in found else 0.0)
                    for code in shown
                ]
            names = tuple(self.releases.label("sex", sex, self.language) for sex in ("F", "M"))
            svg = charts.pyramid(
                f"c-{one.table.name}-{direction}", caption, self.text("pyramid_about"),
                sides["F"], sides["M"], (names[0], names[1]), self.language,
            )  # fmt: skip
            listed = self._rows(one.table.name, ("age",), year=self.year, direction=direction)
            order = [*leaves, "Y0T17", UNKNOWN]
            # The band before the two that it consists of.
            order.insert(order.index("Y15T17") if "Y15T17" in order else 0, "Y15T19")
            listed.sort(key=lambda row: order.index(row.codes[0]))
            pieces.append(
                self._figure(caption, svg)
                + html.rows_table(caption, [self._label("age")], listed, self.language, self.text)
            )
        return "".join(pieces)

    def _band(self, code: str) -> str:
        """Return an age band as it fits into the middle of a pyramid."""
        return code.removeprefix("Y").replace("_GE", "").replace("T", "–") + ("+" if "_GE" in code else "")

    def _bars(self, one: Published) -> str:
        table = one.table
        series = next((name for name in YEARS_OF_DIRECTION if name in table.dimensions), None)
        extra = [name for name in table.within if name not in ("year", series)]
        free = [name for name in table.summed if name not in ("sex", "child")]
        category = (extra or free or ["year"])[-1]
        derived = {ratio.dimension: ratio for ratio in table.derived if ratio.per_hundred}
        if category in derived:
            category = free[-2]
        by = [name for name in (category, series) if name]
        year = {"year": self.year}
        every = self._rows(table.name, by, **year)
        found = self._top(every, category)
        caption = f"{table.title[self.language]}, {self.year}"
        heads = [self._label(name) for name in by]
        # Behind the categories, so that the sums of the table close.
        untold = sorted((row for row in every if row.codes[0] == UNKNOWN), key=lambda row: row.codes[1:])
        if not found:
            told = f"<p>{escape(self.text('nothing', year=self.year))}</p>"
            return told + (
                html.rows_table(caption, heads, untold, self.language, self.text) if untold else ""
            )
        lines: dict[str, list[charts.Point]] = {}
        for row in found:
            if row.value is not None and row.value >= 0:
                name = row.labels[1] if series else caption
                lines.setdefault(name, []).append(
                    charts.Point(row.labels[0], row.value, row.half or 0.0, row.status == "P")
                )
        svg = charts.bars(f"c-{table.name}", caption, self.text("bars_about"), lines, self.language)
        listed = html.rows_table(caption, heads, [*found, *untold], self.language, self.text)
        if len(found) + len(untold) < len(every):
            listed += f'<p class="soft">{escape(self.text("largest_alone", table=table.name))}</p>'
        for name, ratio in derived.items():
            rates = self._top(self._rows(table.name, by, **year, **{name: ratio.code}), category, found)
            label = f"{ratio.label[self.language]}: {caption}"
            listed += html.rows_table(label, heads, rates, self.language, self.text, digits=1)
        return self._figure(caption, svg) + listed

    def _top(self, found: list[Row], category: str, like: Sequence[Row] = ()) -> list[Row]:
        """Return the rows of the largest categories, or of those of other rows, the largest first.

        Codes declared in an order of their own (bands, components) keep it, before those that are not declared.
        """
        known = [row for row in found if row.codes[0] != UNKNOWN]
        declared = [code.code for code in self.releases.dimensions[category].codes]
        if like:
            order = list(dict.fromkeys(row.codes[0] for row in like))
        else:
            total: dict[str, float] = {}
            for row in known:
                if row.codes[0] not in declared:
                    total[row.codes[0]] = total.get(row.codes[0], 0.0) + (row.value or 0.0)
            order = declared + sorted(total, key=lambda code: -total[code])[:TOP]
        return sorted(
            (row for row in known if row.codes[0] in order),
            key=lambda row: (order.index(row.codes[0]), row.codes[1:]),
        )

    def _plain(self, one: Published) -> str:
        """Return a table without a chart: all its years."""
        by = [name for name in one.table.dimensions if name not in ("sex", "child")]
        found = self._rows(one.table.name, by)
        heads = [self._label(name) for name in by]
        return html.rows_table(one.table.title[self.language], heads, found, self.language, self.text)

    def _map(self, one: Published) -> str:
        label = self.releases.label("direction", "immigration", self.language)
        caption = f"{one.table.title[self.language]}: {label.lower()}, {self.year}"
        found = [
            row
            for row in self._rows(one.table.name, ("place",), year=self.year, direction="immigration")
            if len(row.codes[0]) == 2
        ]
        listed = html.rows_table(
            caption, [self._label("department")], largest(found, len(found)), self.language, self.text
        )
        outline = self.releases.schema.directory / "maps" / f"{self.order.parameters.country.lower()}.geojson"
        if not outline.is_file():
            return listed
        values = {
            row.codes[0]: row.value for row in found if row.value is not None and row.codes[0] != UNKNOWN
        }
        svg = maps.department_map(
            f"c-{one.table.name}", caption, self.text("map_about"), outline, values,
            self.releases.labels("department", self.language), {"none": self.text("map_none")}, self.language,
        )  # fmt: skip
        return self._figure(caption, svg) + f'<p class="soft">{escape(self.text("map_source"))}</p>' + listed
