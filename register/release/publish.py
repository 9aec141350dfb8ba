"""From a run to a release, in order: count, protect, write, check, and only then move into place.

runs/<name>/release/
csv/          tidy tables, labels of codes, notes on periods; the open monthly series
sdmx/         the same in SDMX-CSV 2.0, with its structures
register_<language>.xlsx   report_<language>.html   quality_<language>.html
release.json  what was published, how it was protected, which table has how many cells
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from register.engine import Engine
from register.errors import UsageError
from register.release import vintage
from register.release.disclose import protect
from register.release.identifiers import check_files
from register.release.order import Order
from register.release.published import Published, publish_cells
from register.release.sources import Shelf, make_sources, published_sources
from register.release.tables import Cells, count_cells
from register.release.universe import make_universe


@dataclass
class Outcome:
    """What was published: cells per table, files, seconds per step."""

    folder: Path
    month: str
    method: str
    compared_with: str
    cells: dict[str, int] = field(default_factory=dict)
    withheld: int = 0
    left_out: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)


def publish(engine: Engine, order: Order) -> Outcome:
    """Make a release, or stop with nothing written.

    Parameters
    ----------
    engine
        With the tables of the run.
    order
        What to publish.

    Raises
    ------
    DisclosureError
        If a gate is not passed.
    UsageError
        If the run counts nobody in any table.
    """
    clock = _Clock()
    ledger = vintage.last_ledger(order.vintages, order.month)
    outcome = Outcome(order.folder, order.month, order.protection.method, ledger.month if ledger else "")
    counted = _count(engine, order)
    if not counted:
        raise UsageError("nothing_to_publish")
    clock.lap("count")
    universe = make_universe(counted)
    size = len(universe.figure)
    extended, before = vintage.extend(universe, ledger)
    result = protect(extended, [cells.table.name for cells in counted], order.protection, before)
    clock.lap("protect")
    tables = [publish_cells(cells, universe.rows[cells.table.name], result) for cells in counted]
    tables += _from_published(order, tables, outcome)
    tables.sort(key=lambda one: one.table.name)
    staging = order.folder.with_name("release.staging")
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True, mode=0o700)
    _write(engine, order, tables, staging, clock)
    labels = {
        label
        for dimension in order.releases.dimensions
        for language in order.languages
        for label in order.releases.labels(dimension, language).values()
    }
    check_files(engine, staging, labels)
    clock.lap("check")
    shutil.rmtree(order.folder, ignore_errors=True)
    staging.replace(order.folder)
    _keep(order, tables, universe, size, result)
    outcome.cells = {one.table.name: len(one.frame) for one in tables}
    outcome.withheld = sum(int((one.frame["conf_status"] == "C").sum()) for one in tables)
    outcome.files = sorted(
        path.relative_to(order.folder).as_posix() for path in order.folder.rglob("*") if path.is_file()
    )
    outcome.seconds = clock.laps
    return outcome


def _count(engine: Engine, order: Order) -> list[Cells]:
    declared = [table for table in order.releases.tables.values() if table.source]
    names = sorted({table.source for table in declared})
    values = make_sources(
        engine,
        order.open_run,
        order.releases.schema,
        order.parameters,
        names,
        order.manifest,
    )
    counted = [count_cells(engine, order.releases, table, values, order.secret) for table in declared]
    return [cells for cells in counted if len(cells.frame)]


def _from_published(order: Order, tables: Sequence[Published], outcome: Outcome) -> list[Published]:
    found = []
    shelf = Shelf(order.month, order.vintages, order.partners)
    for table in order.releases.tables.values():
        if table.published:
            made = published_sources[table.published](table, tables, shelf)
            if made is None:
                outcome.left_out[table.name] = table.needs
            else:
                found.append(made)
    return found


def _write(engine: Engine, order: Order, tables: Sequence[Published], folder: Path, clock: _Clock) -> None:
    from register.release.quality import measure, write_log, write_quality
    from register.release.report import write_report
    from register.release.sdmx import write_sdmx_files
    from register.release.tidy import write_tidy
    from register.release.workbook import write_workbook

    write_tidy(tables, order.releases, folder / "csv")
    opened = [one for one in tables if one.table.is_open]
    for one in opened:
        vintage.open_series(one, order.month).write_csv(folder / "csv" / f"open_{order.month}.csv")
    write_log(order, folder / "csv")
    clock.lap("csv")
    write_sdmx_files(tables, order.releases, order.parameters.country, folder / "sdmx")
    clock.lap("sdmx")
    indicators = measure(engine, order, tables)
    for language in order.languages:
        write_report(tables, order, language, folder / f"report_{language}.html")
        write_quality(indicators, order, language, folder / f"quality_{language}.html")
    clock.lap("report")
    for language in order.languages:
        write_workbook(tables, order, language, folder / f"register_{language}.xlsx")
    clock.lap("workbook")


def _keep(order: Order, tables: Sequence[Published], universe: Any, size: int, result: Any) -> None:
    by_name = {one.table.name: one for one in tables}
    vintage.keep(order.vintages, order.month, universe, size, result)
    opened = next((one for one in tables if one.table.is_open), None)
    if opened is not None and "T01" in by_name:
        vintage.store(
            order.vintages,
            order.month,
            vintage.open_series(opened, order.month),
            vintage.annual_flows(by_name["T01"], order.month),
        )


class _Clock:
    """Seconds per step."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.monotonic()

    def lap(self, name: str) -> None:
        now = time.monotonic()
        self.laps[name] = round(now - self._last, 2)
        self._last = now
