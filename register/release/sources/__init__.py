"""What release tables count: one SQL file a source, each with one row per thing counted.

Columns of every source: ``unit_id`` (stable between releases), ``weight`` (the probability that it happened), ``is_final``, and
the columns that the dimensions of its tables read (``schemas/releases/_dimensions.toml``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path

import polars as pl

from register.engine import Engine
from register.release.declaration import ReleaseTable
from register.release.published import Published, derive
from register.release.vintage import annual_flows, triangle
from register.rules.residence import Parameters, bind

READS = {"accounting": ("residence",)}
Values = dict[str, "int | str"]


def make_sources(engine: Engine, parameters: Parameters, names: Sequence[str]) -> Values:
    """Make sources as temporary tables ``source_<name>``; return the parameters that tables may use.

    Years that begin within the first W days of the series are the burn-in, and are not published.
    """
    start = parameters.observed_from
    first = start.year + 1
    values: Values = {"country": parameters.country, "first_year": first}
    while (type(start)(first, 1, 1) - start).days < parameters.rule.window:
        first += 1
    values["first_year"] = first
    values["last_year"] = parameters.observed_until.year
    for name in names:
        for part in (*READS.get(name, ()), name):
            if part == "concordance":
                from register.release.concordance import make_concordance

                make_concordance(engine, parameters, values)
            elif not engine.has(f"source_{part}"):
                text = bind(files(__package__).joinpath(f"{part}.sql").read_text("utf-8"), values)
                engine.run(f"create or replace temporary table source_{part} as {text}")
    return values


def vintages(
    table: ReleaseTable, tables: Sequence[Published], month: str, folder: Path, partners: Sequence[Path]
) -> Published | None:
    """Return the revision triangle: this release's annual flows below those of the earlier ones."""
    flows = next((one for one in tables if one.table.name == "T01"), None)
    if flows is None:
        return None
    frame = triangle(folder, annual_flows(flows, month), month)
    return Published(table, frame.select(*table.dimensions, "value", "standard_error", "share_final", "obs_status", "conf_status").sort(table.dimensions))


published_sources: dict[str, Callable[..., Published | None]] = {"vintage": vintages}
