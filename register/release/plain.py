"""What the records alone tell of stays and crossings, and beside it what every linkage drawn would change."""

from __future__ import annotations

from collections.abc import Callable

from register.engine import Engine
from register.estimate.linkage import derive_drawn
from register.rules.codelists import register_codelists
from register.rules.residence import EVENTS, Parameters
from register.schema import Schema

#: What the release reads of each table, person by person.
COLUMNS = {
    "stay": ("from_date", "to_date", "is_present", "from_evidence", "to_evidence"),
    "movement": ("movement_date", "direction", "seq", "border_post_code", "is_imputed", "is_in_scope"),
    "verdict": ("movement_date", "direction", "is_migrating_direction", "is_migration", "finalised_on"),
}
_VERDICT = EVENTS[: EVENTS.index("verdict") + 1]


def make_plain(
    engine: Engine, open_run: Callable[[], Engine], schema: Schema, parameters: Parameters
) -> None:
    """Let SQL read ``told_stay``, ``told_movement`` (both with weight and linkage) and ``told_verdict``.

    Those of people whom other linkages make are derived in a database of their own.
    """
    with open_run() as apart:
        register_codelists(apart.con, schema)
        derive_drawn(apart, parameters, _VERDICT)
        for name, columns in COLUMNS.items():
            found = apart.frame(f"select person_id, {', '.join(columns)} from {name}")
            engine.con.register(f"drawn_{name}", found.to_arrow())
    for name, columns in COLUMNS.items():
        listed = f"person_id, {', '.join(columns)}"
        everybody = f"select {listed} from {name} union all select {listed} from drawn_{name}"
        if name == "verdict":
            engine.run(f"create temporary view told_{name} as {everybody}")
            continue
        engine.run(
            f"""
            create temporary view told_{name} as
            select {listed}, 1.0 as weight, 0 as linkage from {name}
            union all
            select one.*, linkage_change.sign, linkage_change.linkage
            from ({everybody}) as one inner join linkage_change on linkage_change.person_id = one.person_id
            """
        )
