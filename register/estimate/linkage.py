"""People whom other linkages make of the records: their movements, beside those of the register.

They have no weight in any estimate. What is known of them tells by how much a figure would differ had they, and not
those of the register, lived: the error that linkage leaves.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from register.engine import Engine, literal
from register.rules.residence import STAYS, Parameters, create_tables

ADDED = ("membership", "person", "movement", "initial_status")


def derive_drawn(apart: Engine, parameters: Parameters, then: Sequence[str] = ()) -> None:
    """Make ``membership``, ``person``, ``STAYS`` and what comes ``then`` of drawn people, in a database of their own.

    Others have their identities in the register. The database has ``drawn_membership``, ``drawn_person``, the records,
    ``mention`` and the code lists.
    """
    for name, query in (
        ("membership", "select distinct identity_id, person_id, 'model' as method from drawn_membership"),
        ("person", "select * from drawn_person"),
    ):
        apart.run(f"create temporary table {name} as {query}")
    create_tables(apart.con, (*STAYS, *then), parameters)


def add_drawn(engine: Engine, apart: Engine, folder: Path, parameters: Parameters) -> None:
    """Add drawn people to the views ``membership``, ``person``, ``movement`` and ``initial_status`` of an engine.

    Parameters
    ----------
    engine
        With these views.
    apart
        As `derive_drawn` asks.
    folder
        Where to hand tables from one to the other.
    parameters
        Of the rule.
    """
    derive_drawn(apart, parameters)
    for name in ADDED:
        columns = ", ".join(
            f'cast("{column}" as {kind}) as "{column}"'
            for column, kind, *_ in engine.rows(f"describe {name}")
        )
        path = folder / f"added_{name}.parquet"
        apart.write(f"select {columns} from {name}", path)
        engine.run(f"alter view {name} rename to register_{name}")
        engine.run(
            f"create view {name} as select * from register_{name} "
            f"union all select * from read_parquet({literal(path)})"
        )
