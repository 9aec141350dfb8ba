"""The same flows under every residence rule: the rule's own SQL, run again with other numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from register.engine import Engine
from register.rules.codelists import register_codelists
from register.rules.residence import EVENTS, PRESETS, Parameters, create_tables
from register.schema import Schema

#: The project's own rule on the completed registers: what is published, beside the rule on the records as they are.
ESTIMATED = "estimated"


def make_concordance(
    engine: Engine, open_run: Callable[[], Engine], schema: Schema, parameters: Parameters,
    values: Mapping[str, int | str],
) -> None:  # fmt: skip
    """Make ``source_concordance``: one row per migration and rule.

    The project's own rule is read from the run, as the records are and with what is missing estimated; the others are
    derived from the run's movements in a database of their own. A preset with the numbers of the project's own rule is
    not run again. A provisional migration has another probability under each, and so is another unit in each; a final
    one is the same.
    """
    own = parameters.rule
    pieces = [
        _migrations("event", own.name, values),
        _migrations("told_event", ESTIMATED, values, "weight", "draw", "linkage"),
    ]
    for rule in PRESETS.values():
        if (rule.threshold, rule.window) == (own.threshold, own.window):
            continue
        with open_run() as other:
            register_codelists(other.con, schema)
            create_tables(other.con, EVENTS, replace(parameters, rule=rule))
            found = other.frame(_migrations("event", rule.name, values))
        table = f"event_{len(pieces)}"
        engine.con.register(table, found.to_arrow())
        pieces.append(f"select * from {table}")
    engine.run(f"create or replace temporary table source_concordance as {' union all '.join(pieces)}")


def _migrations(
    table: str,
    rule: str,
    values: Mapping[str, int | str],
    weight: str = "1.0",
    draw: str = "0",
    linkage: str = "0",
) -> str:
    # Under another rule an open outcome has another probability: another figure than that of the project's tables.
    open_unit = "event_id" if rule == ESTIMATED else f"event_id || '@{rule}'"
    return f"""
        select case when status = 'final' then event_id else {open_unit} end as unit_id,
            {weight} * probability as weight, {draw} as draw, {weight} as draw_weight, {linkage} as linkage,
            status = 'final' as is_final, year, direction, sex, age, person_id, event_date, '{rule}' as rule
        from {table} where year >= {int(values["first_year"])}"""
