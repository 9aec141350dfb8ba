"""What release tables count: one SQL file a source, each with one row per thing counted.

Columns of every source: ``unit_id`` (stable between releases), ``weight`` (the probability that it happened), ``draw``
and ``draw_weight``, ``linkage`` (0; else the linkage drawn in which this thing comes or, if its weight is negative,
goes), ``is_final``, and the columns that the dimensions of its tables read (``schemas/releases/_dimensions.toml``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import polars as pl

from register.engine import Engine
from register.errors import DeclarationError
from register.release.concordance import make_concordance
from register.release.declaration import TOTAL, ReleaseTable
from register.release.plain import make_plain
from register.release.published import MEASURES, Published, derive
from register.release.vintage import annual_flows, triangle
from register.rules.codelists import register_codelists
from register.rules.residence import Parameters, bind
from register.schema import Schema

READS = {"accounting": ("residence", "migration"), "spell": ("plain",), "movement": ("plain",)}
# Derived in a database of their own: first, while this one holds nothing yet.
APART = ("concordance", "plain")
Values = dict[str, "int | str"]


def make_sources(
    engine: Engine,
    open_run: Callable[[], Engine],
    schema: Schema,
    parameters: Parameters,
    names: Sequence[str],
    manifest: Mapping[str, Any],
) -> Values:
    """Make sources as temporary tables ``source_<name>``; return the parameters that tables may use.

    ``manifest``, that of the run, tells how many linkages it drew and how it estimated open outcomes.

    Years that begin within the first W days of the series are the burn-in, and are not published.
    """
    start = parameters.observed_from
    first = start.year + 1
    values: Values = {"country": parameters.country, "first_year": first, "linkages": linkages_of(manifest)}
    while (type(start)(first, 1, 1) - start).days < parameters.rule.window:
        first += 1
    values["first_year"] = first
    values["last_year"] = parameters.observed_until.year
    register_codelists(engine.con, schema)
    _make_told(engine)
    parts = dict.fromkeys(part for name in names for part in (*READS.get(name, ()), name))
    for part in sorted(parts, key=lambda part: part not in APART):
        if part == "concordance":
            provisional = str(manifest["stages"]["events"].get("provisional", "model"))
            make_concordance(engine, open_run, schema, parameters, values, provisional)
        elif part == "plain":
            if not engine.has("told_stay"):
                make_plain(engine, open_run, schema, parameters)
        elif not engine.has(f"source_{part}"):
            text = bind(files(__package__).joinpath(f"{part}.sql").read_text("utf-8"), values)
            engine.run(f"create or replace temporary table source_{part} as {text}")
    return values


def _make_told(engine: Engine) -> None:
    """Let SQL read what the completed registers tell, and beside it what every linkage drawn would change."""
    for name in ("event", "residency"):
        engine.run(f"""
            create or replace temporary view told_{name} as
            select *, 0 as linkage from completed_{name}
            union all
            select one.* replace (one.weight * linkage_change.sign as weight), linkage_change.linkage
            from (select * from completed_{name} union all select * from drawn_{name}) as one
            inner join linkage_change on linkage_change.person_id = one.person_id
            """)
    engine.run(
        "create or replace temporary view told_person as select * from person union all select * from drawn_person"
    )
    engine.run("""
        create or replace temporary view told_membership as
        select identity_id, person_id from membership
        union all
        select distinct identity_id, person_id from drawn_membership
        """)


def linkages_of(manifest: Mapping[str, Any]) -> int:
    """Return how many linkages a run drew."""
    return int(manifest["stages"]["relink"]["report"]["draws"])


@dataclass(frozen=True)
class Shelf:
    """What lies beside the run: the month of this release, the folder of earlier ones, other countries' files."""

    month: str
    vintages: Path
    partners: Sequence[Path]


def vintages(table: ReleaseTable, tables: Sequence[Published], shelf: Shelf) -> Published | None:
    """Return the revision triangle: this release's annual flows below those of the earlier ones."""
    flows = next((one for one in tables if one.table.name == "T01"), None)
    if flows is None:
        return None
    frame = triangle(shelf.vintages, annual_flows(flows, shelf.month), shelf.month)
    return Published(table, frame.select(*table.dimensions, *MEASURES).sort(table.dimensions))


def mirror(table: ReleaseTable, tables: Sequence[Published], shelf: Shelf) -> Published | None:
    """Return our flows with each country beside those that it published of its flows with us.

    A partner file is CSV: ``country`` (ISO 3166-1 alpha-3), ``year``, ``direction`` as that country sees it (its
    emigration to us is our immigration), ``sex`` (F, M, _T), ``child`` (Y0T17, Y_GE18, _T), ``value``.

    Raises
    ------
    DeclarationError
        If a file lacks a column.
    """
    ours = next((one for one in tables if one.table.name == "T05"), None)
    if not shelf.partners or ours is None:
        return None
    theirs = pl.concat([_read_partner(path) for path in shelf.partners])
    turned = theirs.select(
        "year",
        pl.col("direction").replace({"immigration": "emigration", "emigration": "immigration"}),
        pl.col("country").alias("counterpart"),
        pl.lit("THEIRS").alias("mirror"),
        *("sex", "child", "value"),
        pl.lit(None, pl.Float64).alias("standard_error"),
        pl.lit(None, pl.Float64).alias("share_final"),
        pl.lit("A").alias("obs_status"),
        pl.lit("F").alias("conf_status"),
    )
    mine = (
        ours.frame.filter(pl.col("nationality") == TOTAL)
        .with_columns(pl.lit("OURS").alias("mirror"))
        .join(
            turned.select("year", "direction", "counterpart").unique(),
            on=["year", "direction", "counterpart"],
            how="semi",
        )
    )
    both = pl.concat([frame.select(*table.dimensions, *MEASURES) for frame in (mine, turned)])
    return Published(table, derive(both, table))


def _read_partner(path: Path) -> pl.DataFrame:
    columns = {
        "country": pl.String,
        "year": pl.String,
        "direction": pl.String,
        "sex": pl.String,
        "child": pl.String,
        "value": pl.Float64,
    }
    frame = pl.read_csv(path, infer_schema=False, glob=False)
    for name in columns:
        if name not in frame.columns:
            raise DeclarationError("missing_key", where=str(path), key=name)
    return frame.select(pl.col(name).cast(kind) for name, kind in columns.items())


published_sources: dict[str, Callable[..., Published | None]] = {"vintage": vintages, "mirror": mirror}
