"""Opaque identity ids and content keys: hashes that the database computes, the same in every build."""

from __future__ import annotations

import duckdb
import polars as pl

from register.engine import literal
from register.ingest.values import take_behind

ID_LENGTH = 20
KEY_LENGTH = 24
# Between the parts of what is hashed.
SEPARATOR = "\x1f"
# Names in capitals with single spaces are folded already.
_FOLDED = f"^[A-Z{SEPARATOR}]*(?: [A-Z{SEPARATOR}]+)*$"


class Hasher:
    """Hashes with a project's secret. Every method returns one text per text, in order.

    Parameters
    ----------
    secret
        Without it nobody can recompute an id from a name and a document number.
    """

    def __init__(self, secret: str) -> None:
        self.secret = secret
        # A database of its own, which keeps rows in order and leaves the processors to what is read meanwhile.
        self._con = duckdb.connect(config={"threads": 1})

    def identify(self, text: pl.Series) -> pl.Series:
        """Return identity ids: a keyed hash of what makes an identity."""
        return self._each(text, f"left(sha256({literal(self.secret)} || text), {ID_LENGTH})")

    def fingerprint(self, text: pl.Series) -> pl.Series:
        """Return a key for each text, from the text alone: an office's record without a key keeps it in every build."""
        return self._each(text, f"left(sha256(text), {KEY_LENGTH})")

    def fold(self, text: pl.Series) -> pl.Series:
        """Return names in capitals without accents and with single spaces: what an identity depends on.

        A name may be several parts, with a `SEPARATOR` between them and no spaces around them.
        """
        is_odd = ~text.str.contains(_FOLDED).fill_null(value=True)
        if not is_odd.any():
            return text
        expression = "upper(strip_accents(regexp_replace(text, '\\s+', ' ', 'g')))"
        return pl.concat([text, self._each(text.filter(is_odd), expression)])[take_behind(is_odd)]

    def _each(self, text: pl.Series, expression: str) -> pl.Series:
        if not len(text):
            return text
        # Columns and people are hashed by different threads, and a connection serves one at a time.
        with self._con.cursor() as con:
            given = con.from_arrow(text.alias("text").to_frame().to_arrow())
            found = pl.DataFrame(given.project(f"{expression} as made").to_arrow_table())
        return found["made"].cast(pl.String).alias(text.name)
