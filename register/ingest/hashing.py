"""Opaque identity ids and content keys: hashes that the database computes, the same in every build."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from register.engine import Engine, literal

ID_LENGTH = 20
KEY_LENGTH = 24


class Hasher:
    """Hashes with a project's secret.

    Parameters
    ----------
    engine
        The database.
    secret
        Without it nobody can recompute an id from a name and a document number.
    """

    def __init__(self, engine: Engine, secret: str) -> None:
        self.engine = engine
        self.secret = secret

    def identify(self, bundles: pl.DataFrame, names: Sequence[str], values: Sequence[str]) -> pl.DataFrame:
        """Return bundles with ``identity_id``, a keyed hash of raw names and read values; their order may change.

        Names are hashed as written, but for case, accents and spaces, and not as standardised: how a name divides can
        depend on the other names of the extracts, and an id must not.
        """
        folded = [f"upper(strip_accents(trim(regexp_replace({name}, '\\s+', ' ', 'g'))))" for name in names]
        plain = [f"cast({value} as varchar)" for value in values]
        text = ", ".join(f"coalesce({part}, '')" for part in (*folded, *plain))
        return self._hash(
            bundles, f"*, left(sha256({literal(self.secret)} || concat_ws(chr(31), {text})), {ID_LENGTH})"
        )

    def fingerprint(self, text: pl.Series) -> pl.Series:
        """Return a key for each text, from the text alone: an office's record without a key keeps it in every build."""
        rows = text.alias("text").to_frame().with_row_index("row")
        found = self._hash(rows, f"row, left(sha256(text), {KEY_LENGTH})").sort("row")
        return found["identity_id"].alias(text.name)

    def _hash(self, frame: pl.DataFrame, columns: str) -> pl.DataFrame:
        self.engine.con.register("__hashed", frame.to_arrow())
        try:
            return self.engine.frame(f"select {columns} as identity_id from __hashed")
        finally:
            self.engine.con.unregister("__hashed")
