"""The tables of the little country as text, with ids that a reader can follow.

Identities and people have opaque ids that change with the secret key; here each is called by the first record that
names it. Run this file to write the expected tables anew after a change that is meant to change them, and read the
difference before committing it:

    .venv/bin/python tests/golden/tables.py && git diff tests/golden
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from kit import Built, build_project, make_project  # noqa: E402
from kit.country import FILES  # noqa: E402

IDENTITY = "select identity_id, min(record_id || '/' || role) as name from mention group by identity_id"
PERSON = (
    "select person_id, min(record_id || '/' || role) as name"
    " from membership join mention using (identity_id) group by person_id"
)
QUERIES = {
    "mention": f"""
        select m.record_id, m.source, m.record_key, m.role, i.name as identity
        from mention m join ({IDENTITY}) i using (identity_id) order by all""",
    "membership": f"""
        select i.name as identity, p.name as person, m.method
        from membership m join ({IDENTITY}) i using (identity_id) join ({PERSON}) p using (person_id) order by all""",
    "movement": f"""
        select p.name as person, seq, movement_date, direction, is_imputed, imputation, is_in_scope
        from movement join ({PERSON}) p using (person_id) order by all""",
    "event": f"""
        select p.name as person, direction, event_date, year, status, round(probability, 4) as probability,
            finalised_on, age, sex, citizenship_code, birth_country_code, counterpart_country_code, length_of_stay_days
        from event join ({PERSON}) p using (person_id) order by all""",
    "flow": """
        select year, direction, sex, age_group, citizenship_code, birth_country_code, counterpart_country_code,
            round(estimate, 4) as estimate, round(standard_error, 4) as standard_error,
            round(share_final, 4) as share_final
        from flow order by all""",
}


def tables(built: Built) -> Iterator[tuple[str, str]]:
    """Yield the name and text of each expected table."""
    import polars as pl

    for name, query in QUERIES.items():
        yield name, pl.DataFrame(built.rows(query), infer_schema_length=None).write_csv()


def main() -> None:
    """Write the expected tables."""
    with tempfile.TemporaryDirectory() as folder:
        built = build_project(make_project(Path(folder) / "project", FILES))
        for name, text in tables(built):
            (HERE / f"{name}.csv").write_text(text, "utf-8")


if __name__ == "__main__":
    main()
