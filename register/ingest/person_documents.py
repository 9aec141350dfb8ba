"""The documents of a person: numbers as they are written, and standardised with their kind and issuer."""

from __future__ import annotations

import polars as pl

from register.ingest.documents import DAMAGED, read_documents
from register.ingest.source import Document
from register.ingest.values import no_reasons, raw_text

DOCUMENTS = ("document", "document_2")
NUMBERS = tuple(f"{prefix}_number" for prefix in DOCUMENTS)


def read_number(rows: pl.DataFrame, document: Document) -> tuple[pl.Series, pl.Series | None]:
    """Return the number of each row as it is written, and where a spreadsheet damaged some, the reasons."""
    written = raw_text(rows, document.number)
    is_damaged = written.str.strip_chars().str.contains(DAMAGED).fill_null(value=False)
    if not is_damaged.any():
        return written, None
    return written, no_reasons(rows.height).zip_with(~is_damaged, pl.Series(["document_damaged"]))


def standardise_document(values: pl.DataFrame, prefix: str) -> list[pl.Series]:
    """Standardise one document of each row; without a number, kind and issuer say nothing of the person."""
    columns = {"kind": f"{prefix}_kind_code", "number": f"{prefix}_number", "issuer": f"{prefix}_issuer_code"}
    given = values.select(
        (pl.col(name) if name in values.columns else pl.lit(None, dtype=pl.String)).alias(part)
        for part, name in columns.items()
    )
    found = given.hstack(read_documents(given)).select(
        pl.when(pl.col("document_number").is_not_null()).then(pl.col("kind")).alias(columns["kind"]),
        pl.col("document_number").alias(columns["number"]),
        pl.when(pl.col("document_number").is_not_null()).then(pl.col("issuer")).alias(columns["issuer"]),
        pl.col("document_bare_key").alias(f"{prefix}_key"),
    )
    return found.get_columns()
