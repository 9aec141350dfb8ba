"""Names records: by the office's own key or, where that is a document that the person shows, by file and line."""

from __future__ import annotations

from register.concepts import RECORDS
from register.engine import Engine
from register.run import Run

#: Record tables whose keys may be documents, of a run that does not tell which are.
_DOUBTFUL = ("permit", "visa")


def name_records(engine: Engine, run: Run) -> None:
    """Create ``named``: record_id, source, file, line and name, the source not included, of every record of a run.

    Which declarations have documents as keys the ingest of the run has told.
    """
    known: list[str] | None = run.stages.get("ingest", {}).get("document_keys")
    listed = ", ".join(f"'{name}'" for name in known or ("",))
    parts = []
    for table in RECORDS:
        if engine.has(table):
            is_document = str(table in _DOUBTFUL) if known is None else f"declaration in ({listed})"
            name = f"case when {is_document} then file || ':' || line else record_key end as name"
            parts.append(f"select record_id, source, file, line, {name} from {table}")
    engine.run(f"create or replace temp view named as {' union all '.join(parts)}")
