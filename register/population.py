"""Who lives in the country on any date, how the figures change with the rule, and where crossings were imputed.

All of it from the tables of a run, by the rule's own SQL.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from register.engine import Engine
from register.errors import UsageError, suggest
from register.estimate.complete import read_sql
from register.estimate.derive import derive_events
from register.project import Project
from register.rules.residence import PRESETS, RESIDENCY, Parameters, bind, create_tables, read_rule
from register.run import Run, find_run
from register.tables import DIMENSIONS, in_order, open_for_rule, parameters_of

Row = dict[str, Any]

STOCK_DIMENSIONS = tuple(name for name in DIMENSIONS if name != "counterpart_country_code")
FIRST_TO_LAST = "first-arrival-last-departure"


def stock_on(
    project: Project, day: dt.date | str, by: Sequence[str] = (), run_name: str | None = None
) -> tuple[Run, list[Row]]:
    """Return the residents at the beginning of a day.

    Parameters
    ----------
    project
        The project.
    day
        From the day after the first observed to the day after the last.
    by
        Dimensions to break the stock down by: sex, age_group, citizenship_code, birth_country_code.
    run_name
        The run; the newest if not given.

    Returns
    -------
    tuple of Run and list of dict
        A row per combination: the dimensions, ``estimate``, ``standard_error`` (in persons) and ``share_final``.

    Raises
    ------
    UsageError
        If the day is none or not observed, a dimension unknown, or the run not built to its end.
    """
    known = _day(day)
    for name in by:
        if name not in STOCK_DIMENSIONS:
            hint = suggest(name, STOCK_DIMENSIONS)
            raise UsageError(
                "unknown_dimension", name=name, suggestion=hint, known=", ".join(STOCK_DIMENSIONS)
            )
    run = _built(project, run_name)
    parameters = parameters_of(project, run)
    first, last = parameters.observed_from, parameters.observed_until
    one = dt.timedelta(days=1)
    if not first < known <= last + one:
        raise UsageError("stock_outside", day=known, first=first + one, last=last + one)
    values = {
        **parameters.values(),
        "draws": project.estimate.draws,
        "linkages": project.estimate.linkages,
    }
    listed = ", ".join(by)
    with open_for_rule(project, run) as engine:
        create_tables(engine.con, RESIDENCY, parameters)
        engine.run(f"create temporary table reference as select date '{known}' as reference_date")
        engine.run(f"create temporary table stock_on as {read_sql('stock', values)}")
        return run, engine.frame(
            f"""
            select {listed + "," if by else ""} coalesce(sum(estimate), 0.0) as estimate,
                coalesce(sqrt(sum(standard_error * standard_error)), 0.0) as standard_error,
                coalesce(sum(estimate * share_final) / nullif(sum(estimate), 0.0), 1.0) as share_final
            from stock_on {f"group by {listed} order by {in_order(by)}" if by else ""}
            """
        ).to_dicts()


# Of what the rule says of crossings, what is counted by year.
MIGRATIONS = """
    select direction, movement_date as event_date, probability,
        case when is_final then 'final' else 'provisional' end as status from migration
"""


def rules_side_by_side(project: Project, run_name: str | None = None) -> tuple[Run, list[Row]]:
    """Return annual immigration and emigration of one register under every rule.

    The records are as they were written down: nothing is completed by a model. Years are those that lie outside the
    burn-in of every rule.

    Returns
    -------
    tuple of Run and list of dict
        A row per rule and year: ``rule``, ``threshold``, ``window`` (days), ``year``, ``immigration``, ``emigration``,
        ``net`` and ``share_final``. Rule "first-arrival-last-departure" knows people with permits only and has no
        window.

    Raises
    ------
    UsageError
        If the run was not built to its end.
    """
    run = _built(project, run_name)
    own = parameters_of(project, run)
    rules = {(rule.threshold, rule.window): rule for rule in (*PRESETS.values(), own.rule)}
    widest = max(rule.window for rule in rules.values())
    first_year = (own.observed_from + dt.timedelta(days=widest - 1)).year + 1
    rows: list[Row] = []
    for rule in rules.values():
        with open_for_rule(project, run) as engine:
            given = replace(own, rule=rule)
            create_tables(engine.con, ("presence", "initial_status"), given)
            # An event knows its person too, which costs as much again.
            derive_events(engine, given, project.estimate.provisional, until="migration")
            found = _annual(engine, f"({MIGRATIONS})", first_year, own)
        rows += [
            {"rule": rule.name, "threshold": rule.threshold, "window": rule.window, **row} for row in found
        ]
    with open_for_rule(project, run) as engine:
        text = bind(read_rule("permit_stay"), replace(own, rule=PRESETS["12-of-16"]).values())
        engine.run(f"create temporary table permit_stay as {text}")
        migration = """
            select 'immigration' as direction, first_arrival as event_date, 1.0 as probability,
                case when is_final then 'final' else 'provisional' end as status
            from permit_stay where is_migration
            union all
            select 'emigration', last_departure, 1.0, case when is_over then 'final' else 'provisional' end
            from permit_stay where is_migration and last_departure is not null
            """
        found = _annual(engine, f"({migration})", first_year, own)
    rows += [{"rule": FIRST_TO_LAST, "threshold": 365, "window": None, **row} for row in found]
    return run, rows


def imputed_by_post(project: Project, run_name: str | None = None) -> tuple[Run, list[Row]]:
    """Return how much of what counts at each border post nobody recorded.

    Returns
    -------
    tuple of Run and list of dict
        A row per post (``border_post_code`` null: none is known): ``movements`` in scope, ``missing_legs`` (put between
        two crossings in one direction), ``proven_entries`` (shown by a permit or a civil act) and ``share_imputed``.

    Raises
    ------
    UsageError
        If the run was not built to its end.
    """
    run = _built(project, run_name)
    with open_for_rule(project, run) as engine:
        return run, engine.frame(
            """
            select
                movement.border_post_code,
                border_post.label_es,
                border_post.label_en,
                count(*) as movements,
                count(*) filter (imputation in ('midpoint', 'permit_expiry', 'stochastic')) as missing_legs,
                count(*) filter (imputation not in ('midpoint', 'permit_expiry', 'stochastic')) as proven_entries,
                count(*) filter (is_imputed) / count(*) as share_imputed
            from movement
            left join border_post on border_post.code = movement.border_post_code
            where is_in_scope
            group by all
            order by share_imputed desc, movements desc, movement.border_post_code
            """
        ).to_dicts()


def _annual(engine: Engine, source: str, first_year: int, parameters: Parameters) -> list[Row]:
    return engine.frame(
        f"""
        select
            years.year,
            coalesce(sum(probability) filter (direction = 'immigration'), 0.0) as immigration,
            coalesce(sum(probability) filter (direction = 'emigration'), 0.0) as emigration,
            coalesce(sum(case direction when 'immigration' then probability else -probability end), 0.0) as net,
            coalesce(
                coalesce(sum(probability) filter (status = 'final'), 0.0) / nullif(sum(probability), 0.0), 1.0
            ) as share_final
        from range({first_year}, {parameters.observed_until.year + 1}) as years(year)
        left join {source} as migration on year(migration.event_date) = years.year
        group by years.year
        order by years.year
        """
    ).to_dicts()


def _built(project: Project, run_name: str | None) -> Run:
    run = find_run(project.runs, run_name)
    if "flows" not in run.stages:
        raise UsageError("table_not_built", table="flow", run=run.name)
    return run


def _day(day: dt.date | str) -> dt.date:
    try:
        return day if isinstance(day, dt.date) else dt.date.fromisoformat(day)
    except ValueError as error:
        raise UsageError("stock_day", value=day) from error
