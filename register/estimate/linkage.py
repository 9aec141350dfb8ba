"""People whom other linkages make of the records: their movements, beside those of the register.

They have no weight in any estimate. What is known of them tells by how much a figure would differ had they, and not
those of the register, lived: the error that linkage leaves.
"""

from __future__ import annotations

from pathlib import Path

from register.engine import Engine, literal
from register.rules.residence import STAYS, Parameters, create_tables

ADDED = ("membership", "person", "movement", "initial_status")


def add_drawn(engine: Engine, apart: Engine, folder: Path, parameters: Parameters) -> int:
    """Add drawn people to ``membership``, ``person``, ``movement`` and ``initial_status``; return how many there are.

    Parameters
    ----------
    engine
        With these tables as views, and ``drawn_membership`` and ``drawn_person``.
    apart
        A database of its own, with the records, ``mention`` and the code lists: it derives the movements of the drawn
        people, whose identities others have in the register.
    folder
        Where to hand tables from one to the other.
    parameters
        Of the rule.
    """
    ((people,),) = engine.rows("select count(*) from drawn_person")
    if not people:
        return 0
    for name, query in (
        ("membership", "select distinct identity_id, person_id, 'model' as method from drawn_membership"),
        ("person", "select * from drawn_person"),
    ):
        path = folder / f"drawn_{name}_alone.parquet"
        engine.write(query, path)
        apart.view(name, path)
    create_tables(apart.con, STAYS, parameters)
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
    return int(people)
