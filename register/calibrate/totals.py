"""The register's totals on the survey's definitions: residents on its date, by variables made as the survey's are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files

import polars as pl

from register.calibrate.definition import written_definition
from register.calibrate.spec import BenchmarkSpec, RegisterSpec, Spec, date_of
from register.calibrate.variables import Variable
from register.engine import Engine
from register.errors import DeclarationError, UsageError, suggest
from register.project import Project
from register.release.sources import linkages_of
from register.rules.residence import bind
from register.run import find_run
from register.tables import open_tables, parameters_of

# A citizenship is shared out over departments if this part of it has a known one.
LEAST_KNOWN = 0.5
#: What the register knows of a resident.
COLUMNS = ("sex", "age", "age_group", "citizenship_code", "birth_country_code", "department_code")
TABLES = (
    *("completed_residency", "person", "permit", "mention", "membership"),
    *("drawn_residency", "drawn_person", "drawn_membership", "linkage_change"),
)
MEASURES = ("value", "total", "variance", "final", "change")


class RegisterTotals:
    """Totals of one run on one day.

    Attributes
    ----------
    frame
        One row for each combination of ``COLUMNS``, draw and linkage: value, total, variance, final, change (see
        ``residents.sql``).
    draws
        How many draws there are of what the register misses, and of the linkage; 0 where nothing is in doubt.
    record
        Date, definition and version that every total bears.
    """

    def __init__(
        self,
        frame: pl.DataFrame,
        draws: tuple[int, int],
        spec: RegisterSpec,
        record: Mapping[str, str],
        where: str,
    ) -> None:
        self.frame, self.draws, self.spec, self.record, self.where = frame, draws, spec, dict(record), where

    def table(self, by: Iterable[str], where: Mapping[str, tuple[str, ...]], place: str) -> pl.DataFrame:
        """Return totals by variables: their codes, total, standard_error, share_final, date, definition, version.

        Raises
        ------
        DeclarationError
            If a variable is neither declared nor a column of the register.
        """
        names = list(dict.fromkeys([*by, *where]))
        variables = {name: self._variable(name, place) for name in names}
        frame = self.frame
        coded = [
            one.codes(frame[one.source], self.where).alias(f"={name}") for name, one in variables.items()
        ]
        frame = frame.with_columns(coded)
        for name in names:
            frame = share_out(frame, f"={name}")
        for name, codes in where.items():
            frame = frame.filter(pl.col(f"={name}").is_in(list(codes)))
        share, error = self.spec.private_share, self.spec.private_share_error
        keys = [f"={name}" for name in by]
        missing, linkage = self.draws
        spread = _spread("value", missing) + _spread("change", linkage)
        variance = pl.col("variance") + pl.col("spread")
        return (
            frame.filter(*(pl.col(key).is_not_null() for key in keys))
            .group_by([*keys, "draw", "linkage"])
            .agg(pl.col(MEASURES).sum())
            .group_by(keys)
            .agg(
                pl.col("total", "variance", "final").sum(),
                spread.alias("spread"),
                (pl.col("linkage") == 0).any().alias("holds_somebody"),
            )
            .filter("holds_somebody")
            .sort(keys)
            .select(
                *(pl.col(f"={name}").alias(name) for name in by),
                (pl.col("total") * share).alias("total"),
                (variance * share**2 + (pl.col("total") * error) ** 2).sqrt().alias("standard_error"),
                (pl.col("final") / pl.col("total")).alias("share_final"),
                *(pl.lit(value).alias(name) for name, value in self.record.items()),
            )
        )

    def _variable(self, name: str, place: str) -> Variable:
        declared = self.spec.variables.get(name, Variable(name, name, {}))
        if declared.source not in COLUMNS:
            raise DeclarationError(
                "no_register_column",
                where=place,
                name=declared.source,
                suggestion=suggest(declared.source, COLUMNS),
                known=", ".join(COLUMNS),
            )
        return declared


def _spread(measure: str, draws: int) -> pl.Expr:
    """Return what m draws of a measure, zero in draws without a row, add to its variance (see `estimate.figures`)."""
    m = max(draws, 1)
    square, value = (pl.col(measure) ** 2).sum(), pl.col(measure).sum()
    return ((square - value**2 / m) / max(m - 3, 1) * (1 + 1 / m)).clip(lower_bound=0)


def share_out(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """Return residents of whom a column is not known shared out as those of their citizenship of whom it is.

    A citizenship of which less than half is known stays without: permits say where foreigners live, and the few
    nationals with one, or with another's, say nothing of where nationals do. The share is uncertain, as a binomial is.
    """
    if not frame[name].null_count():
        return frame
    known = frame.filter(pl.col(name).is_not_null())
    whole = frame.group_by("citizenship_code").agg(pl.col("total").sum().alias("whole"))
    shares = (
        known.group_by("citizenship_code", name)
        .agg(pl.col("total").sum().alias("here"))
        .with_columns(pl.col("here").sum().over("citizenship_code").alias("placed"))
        .join(whole, on="citizenship_code", nulls_equal=True)
        .filter(pl.col("placed") >= LEAST_KNOWN * pl.col("whole"), pl.col("here") > 0)
        .select("citizenship_code", name, (pl.col("here") / pl.col("placed")).alias("share"))
    )
    told = shares.select("citizenship_code").unique().with_columns(is_told=True)
    marked = frame.join(told, on="citizenship_code", how="left", nulls_equal=True)
    is_kept = pl.col("is_told").is_not_null() & pl.col(name).is_not_null()
    part = pl.col("share").fill_null(1.0)
    spread = (
        marked.filter(~is_kept)
        .drop(name)
        .join(shares, on="citizenship_code", how="left", nulls_equal=True)
        .with_columns(
            (pl.col("variance") * part**2 + pl.col("total") * part * (1 - part)).alias("variance"),
            *((pl.col(measure) * part).alias(measure) for measure in MEASURES if measure != "variance"),
        )
    )
    return pl.concat([one.select(frame.columns) for one in (marked.filter(is_kept), spread)])


def read_residents(engine: Engine, day: dt.date) -> tuple[pl.DataFrame, int]:
    """Return the residents of a day, counted (see ``residents.sql``), and the number of completed registers."""
    text = files(__package__).joinpath("residents.sql").read_text("utf-8")
    draws = engine.rows("select coalesce(max(draw), 0) from completed_residency")[0][0]
    return engine.frame(bind(text, {"day": day})).sort(*COLUMNS, "draw", "linkage"), int(draws)


def register_totals(
    project: Project, run_name: str | None, register: RegisterSpec, day: dt.date, where: str
) -> RegisterTotals:
    """Return the totals of a run for a day.

    Raises
    ------
    UsageError
        If the run was not built to the end, or the day lies outside its series.
    """
    run = find_run(project.runs, run_name)
    if "flows" not in run.stages:
        raise UsageError("table_not_built", table="stock", run=run.name)
    parameters = parameters_of(project, run)
    last = parameters.observed_until + dt.timedelta(days=1)
    if not parameters.observed_from <= day <= last:
        raise UsageError("day_outside_series", day=day, first=parameters.observed_from, last=last)
    with open_tables(project, run) as engine:
        for table in TABLES:
            if not engine.has(table):
                raise UsageError("table_not_built", table=table, run=run.name)
        engine.con.register("age_group", project.schema().codelist("age_group").to_arrow())
        frame, draws = read_residents(engine, day)
    rule = parameters.rule
    definition = written_definition(rule.threshold, rule.window, register.private_share)
    version = f"{run.name} {run.stages['flows']['key'][:12]}"
    record = {"date": day.isoformat(), "definition": definition, "version": version}
    return RegisterTotals(frame, (draws, linkages_of(run.manifest)), register, record, where)


def benchmarks_table(
    project: Project, run_name: str | None, spec: Spec | None, day_text: str | None, by: Sequence[str]
) -> pl.DataFrame:
    """Return the register's totals as a table that a specification can read: one row a total.

    Parameters
    ----------
    spec
        With it, the totals of every benchmark of source ``register``; a cell left empty counts everybody.
    day_text, by
        Without a specification, the day and the columns of the register.

    Raises
    ------
    UsageError
        If neither a specification nor a day and columns are given.
    DeclarationError
        If the specification has no benchmark of source ``register``.
    """
    if spec is None:
        if not day_text or not by:
            raise UsageError("benchmarks_of_what")
        try:
            day = dt.date.fromisoformat(day_text)
        except ValueError as error:
            raise UsageError("bad_date_setting", key="--date") from error
        totals = register_totals(project, run_name, RegisterSpec(), day, "")
        return totals.table(by, {}, "--by")
    blocks = [one for one in spec.benchmarks if one.source == "register"]
    if not blocks:
        raise DeclarationError("no_register_benchmarks", where=str(spec.path))
    totals = register_totals(project, run_name, spec.register, date_of(day_text, spec), str(spec.path))
    tables = [
        block_table(totals, one).select(pl.lit(one.name).alias("benchmark"), pl.all()) for one in blocks
    ]
    names = [*dict.fromkeys(name for one in blocks for name in one.by)]
    whole = pl.concat(tables, how="diagonal")
    return whole.select("benchmark", *names, pl.exclude("benchmark", *names))


def block_table(totals: RegisterTotals, one: BenchmarkSpec) -> pl.DataFrame:
    """Return the totals of one ``[[benchmark]]``."""
    return totals.table(one.by, one.where, one.place)
