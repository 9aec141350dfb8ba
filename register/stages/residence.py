"""Stays, events, estimate, flows: from persons to what the office publishes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from register.concepts import RECORDS
from register.engine import Engine
from register.errors import QualityError
from register.project import Project
from register.rules.codelists import register_codelists
from register.stages.workshop import Workshop

if TYPE_CHECKING:
    from register.rules.residence import Parameters

#: What the accounting equation may be off by: the rounding of sums.
LARGEST_RESIDUAL = 0.001


def rule_parameters(workshop: Workshop) -> Parameters:
    """Return the residence rule of the project and the series that the crossings cover."""
    from register.rules.residence import Parameters

    rule = workshop.project.rule
    first, last = workshop.engine.rows(
        "select coalesce(min(crossed_at)::date, current_date), coalesce(max(crossed_at)::date, current_date) "
        "from crossing"
    )[0]
    return Parameters(
        rule=rule.rule,
        observed_from=first,
        observed_until=rule.observed_until or last,
        country=workshop.project.country,
        missing_leg=rule.missing_leg,
        seed=rule.seed,
    )


def stays(workshop: Workshop) -> dict[str, Any]:
    """Derive movements and stays from the records of persons."""
    from register.rules.residence import STAYS

    return _apply_rule(workshop, STAYS)


def events(workshop: Workshop) -> dict[str, Any]:
    """Derive verdicts and migrations from movements."""
    from register.estimate.derive import derive_events

    parameters = rule_parameters(workshop)
    register_codelists(workshop.engine.con, workshop.schema)
    provisional = workshop.project.estimate.provisional
    derive_events(workshop.engine, parameters, provisional)
    workshop.write_made()
    return {**_series(parameters), "provisional": provisional}


def estimate(workshop: Workshop) -> dict[str, Any]:
    """Complete the register where crossings are missing, and apply the rule to each completion."""
    from register.estimate.complete import complete
    from register.estimate.derive import derive_completed
    from register.estimate.linkage import add_drawn

    project, engine = workshop.project, workshop.engine
    parameters = rule_parameters(workshop)
    register_codelists(engine.con, workshop.schema)
    with Engine(
        memory_limit=project.engine.memory_limit,
        threads=project.engine.threads,
        temp_directory=workshop.run.path / "staging" / "spill_drawn",
    ) as apart:
        register_codelists(apart.con, workshop.schema)
        for name in (*RECORDS, "mention", "drawn_membership", "drawn_person"):
            apart.view(name, workshop.run.table_path(workshop.schema.tables[name]))
        add_drawn(engine, apart, workshop.staging, parameters)
    completed = complete(
        engine, parameters, project.estimate.draws, is_modelled=project.estimate.missing == "model"
    )
    workshop.write("missing_rate", "select * from missing_rate")
    with Engine(
        memory_limit=project.engine.memory_limit,
        threads=project.engine.threads,
        temp_directory=workshop.run.path / "staging" / "spill_completed",
    ) as apart:
        register_codelists(apart.con, workshop.schema)
        for name in ("mention", "visa", "permit"):
            apart.view(name, workshop.run.table_path(workshop.schema.tables[name]))
        derive_completed(engine, apart, workshop.staging, parameters, project.estimate.provisional)
    for name in ("event", "residency"):
        workshop.write(
            f"completed_{name}", _steady(workshop, f"completed_{name}", 12, f"derived_{name}", "not is_drawn")
        )
        workshop.write(f"drawn_{name}", _steady(workshop, f"drawn_{name}", 12, f"derived_{name}", "is_drawn"))
    return {"people_modelled": completed.people, "people_left_out": completed.left_out}


def flows(workshop: Workshop) -> dict[str, Any]:
    """Aggregate migrations to flows and stocks."""
    from register.estimate.complete import read_sql
    from register.rules.residence import RESIDENCY, create_tables

    engine, parameters = workshop.engine, rule_parameters(workshop)
    asked = workshop.project.estimate
    register_codelists(engine.con, workshop.schema)
    create_tables(engine.con, [name for name in RESIDENCY if not engine.has(name)], parameters)
    values = {**parameters.values(), "draws": asked.draws, "linkages": asked.linkages}
    for name in ("flow", "reference", "stock", "account"):
        engine.run(f"create temporary table {name} as {read_sql(name, values)}")
    for name in ("flow", "stock", "account"):
        workshop.write(name, _steady(workshop, name, 7, name))
    residuals = engine.rows("select year, residual from account order by year")
    return {
        **_series(parameters),
        "account_residual": {str(year): round(residual, 6) for year, residual in residuals},
    }


def check_account(_project: Project, record: Mapping[str, Any]) -> None:
    """Stop the build if the accounting equation of some year does not close.

    Raises
    ------
    QualityError
        Naming the year and what is left over.
    """
    for year, residual in record.get("account_residual", {}).items():
        if abs(residual) > LARGEST_RESIDUAL:
            raise QualityError("account_open", where="account", year=year, residual=f"{residual:+.6f}")


def _steady(workshop: Workshop, table: str, digits: int, source: str, where: str = "true") -> str:
    """Return the query of a table whose numbers are sums, without the decimals that the order of adding decides.

    Threads add in any order. ``digits`` are those that count: fewer than in the numbers that were added. To add zero
    leaves no minus before one.
    """
    columns = workshop.schema.tables[table].columns.values()
    numbers = ", ".join(
        f"round({c.name}, {digits}) + 0 as {c.name}" for c in columns if c.concept.type == "number"
    )
    return f"select * replace ({numbers}) from {source} where {where}"


def _apply_rule(workshop: Workshop, tables: Sequence[str]) -> dict[str, Any]:
    from register.rules.residence import create_tables

    parameters = rule_parameters(workshop)
    register_codelists(workshop.engine.con, workshop.schema)
    # A table that an earlier stage kept is there to be read; the others are made for this stage and pass with it.
    create_tables(workshop.engine.con, [name for name in tables if not workshop.engine.has(name)], parameters)
    workshop.write_made()
    return _series(parameters)


def _series(parameters: Parameters) -> dict[str, Any]:
    return {"observed_from": parameters.observed_from, "observed_until": parameters.observed_until}
