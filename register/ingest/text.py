"""Folding of text, so that what offices write alike compares alike."""

from __future__ import annotations

import polars as pl


def fold_text(text: pl.Expr) -> pl.Expr:
    """Return text upper-case, without accents or punctuation, with single spaces; empty text as null."""
    folded = (
        text.str.normalize("NFKD")
        .str.replace_all(r"\p{M}", "")
        .str.to_uppercase()
        .str.replace_all(r"[^\p{L}\p{N}]+", " ")
        .str.strip_chars()
    )
    return pl.when(folded != "").then(folded)
