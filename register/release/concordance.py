"""The same flows under every residence rule: the rule's own SQL, run again with other numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import polars as pl

from register.engine import Engine
from register.estimate.derive import derive_events
from register.estimate.linkage import derive_drawn
from register.rules.codelists import register_codelists
from register.rules.residence import PRESETS, Parameters, Rule, create_tables
from register.schema import Schema

#: The project's own rule on the completed registers: what is published, beside the rule on the records as they are.
ESTIMATED = "estimated"
#: What the rule reads of people; those whom other linkages make of the records are added to it.
PEOPLE = ("membership", "person", "movement")


def make_concordance(
    engine: Engine, open_run: Callable[[], Engine], schema: Schema, parameters: Parameters,
    values: Mapping[str, int | str], provisional: str,
) -> None:  # fmt: skip
    """Make ``source_concordance``: one row per migration and rule, and per migration that a drawn linkage changes.

    Each rule is applied to the run's movements, and to those of people whom other linkages make, in a database of its
    own; the published figures are read from the run. A preset with the numbers of the project's own rule is that rule.
    A provisional migration has another probability under each, and so is another unit in each; a final one is the same.
    """
    own = parameters.rule
    others = [
        rule for rule in PRESETS.values() if (rule.threshold, rule.window) != (own.threshold, own.window)
    ]
    with open_run() as apart:
        register_codelists(apart.con, schema)
        derive_drawn(apart, parameters)
        drawn = {name: apart.frame(f"select * from {name}") for name in PEOPLE}
    pieces = [_migrations("told_event", ESTIMATED, values, "draw")]
    for rule in (own, *others):
        found = _derive(open_run, schema, replace(parameters, rule=rule), provisional, drawn, values)
        table = f"event_{len(pieces)}"
        engine.con.register(table, found.to_arrow())
        pieces.append(f"select * from {table}")
    engine.run(f"create or replace temporary table source_concordance as {' union all '.join(pieces)}")


def _derive(
    open_run: Callable[[], Engine],
    schema: Schema,
    parameters: Parameters,
    provisional: str,
    drawn: Mapping[str, pl.DataFrame],
    values: Mapping[str, int | str],
) -> pl.DataFrame:
    """Return the migrations under one rule, and what each drawn linkage changes of them."""
    rule: Rule = parameters.rule
    with open_run() as engine:
        register_codelists(engine.con, schema)
        for name, frame in drawn.items():
            engine.con.register(f"drawn_{name}_rows", frame.to_arrow())
            engine.run(f"alter view {name} rename to register_{name}")
            engine.run(
                f"create view {name} as select * from register_{name} "
                f"union all by name select * from drawn_{name}_rows"
            )
        create_tables(engine.con, ("presence", "initial_status"), parameters)
        # The register teaches what becomes of open crossings: drawn people are asked, and tell nothing of others.
        in_register = "person_id in (select person_id from register_person)"
        derive_events(engine, parameters, provisional, learns_from=in_register)
        engine.run(
            f"""
            create temporary view told_migration as
            select *, 1.0 as weight, 0 as linkage from event where {in_register}
            union all
            select event.*, linkage_change.sign, linkage_change.linkage
            from event inner join linkage_change on linkage_change.person_id = event.person_id
            """
        )
        return engine.frame(_migrations("told_migration", rule.name, values, "0"))


def _migrations(table: str, rule: str, values: Mapping[str, int | str], draw: str) -> str:
    # Under another rule an open outcome has another probability: another figure than that of the project's tables.
    open_unit = "event_id" if rule == ESTIMATED else f"event_id || '@{rule}'"
    return f"""
        select case when status = 'final' then event_id else {open_unit} end as unit_id,
            weight * probability as weight, {draw} as draw, weight as draw_weight, linkage,
            status = 'final' as is_final, year, direction, sex, age, person_id, event_date, '{rule}' as rule
        from {table} where year >= {int(values["first_year"])}"""
