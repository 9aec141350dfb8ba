"""Standardises names block after block, remembering the parts of names that it has met.

Ten million names are made of some hundred thousand given names and surnames. Where given name and surnames stand in
columns of their own, a part that needs nothing of its neighbours is standardised once, alone, and names made of such
parts are put together from what is remembered. The others, and names in one column, are standardised as wholes.
"""

from __future__ import annotations

import polars as pl

from register.ingest.name_knowledge import CITIZENSHIP, NameKnowledge
from register.ingest.names import standardise_names
from register.ingest.values import take_behind

GIVEN, FIRST, SECOND, FULL = "given_name_raw", "surname_1_raw", "surname_2_raw", "full_name_raw"
RAW_NAMES = (GIVEN, FIRST, SECOND, FULL)
NAMES = (
    *("given_name", "surname_1", "surname_2", "given_1", "given_2", "married_name"),
    *("given_key", "surname_1_key", "surname_2_key", "name_doubt"),
)
KEY = "__key"
LIMIT = 600_000
# What a part is standardised beside, to see what it is on its own: words that are nothing but a name.
_NEIGHBOURS = {GIVEN: "ANA", FIRST: "PEREZ", SECOND: "PEREZ"}
_MADE_BY = {
    GIVEN: ("given_name", "given_1", "given_2", "given_key"),
    FIRST: ("surname_1", "surname_1_key"),
    SECOND: ("surname_2", "surname_2_key"),
}


class NameReader:
    """Standardises the names of one role of a source.

    Parameters
    ----------
    layout
        As in `standardise_names`.
    known
        What extracts taught of names.
    """

    def __init__(self, layout: str, known: NameKnowledge) -> None:
        self.layout = layout
        self.known = known
        self._parts: dict[str, pl.DataFrame] = {}

    def read(self, raw: pl.DataFrame) -> pl.DataFrame:
        """Return the columns `NAMES` of each row, in order.

        Parameters
        ----------
        raw
            Grain: one name, not necessarily distinct. Columns: those of `RAW_NAMES` that the source has, and
            citizenship_code if it is told.
        """
        columns = [column for column in RAW_NAMES if column in raw.columns]
        told = [name for name in (CITIZENSHIP,) if name in raw.columns and columns == [FULL]]
        work = raw.select(*columns, *told, *(pl.col(column).hash().alias(KEY + column) for column in columns))
        if not self._has_parts(columns):
            return _whole(work, [*columns, *told], self.layout, self.known)
        parts = self._read_parts(work, columns)
        for column in columns:
            work = work.join(parts[column], on=KEY + column, how="left", maintain_order="left")
        # Without a second surname a first one that is one surname stays one.
        simple = pl.col(_alone(GIVEN)) & pl.col(_alone(FIRST))
        simple &= pl.col(_alone(SECOND)) | pl.col(SECOND).is_null()
        is_simple = work.select(simple.fill_null(value=False)).to_series()
        put_together = work.with_columns(_nothing("married_name"), name_doubt=pl.lit(value=False))
        put_together = put_together.select(NAMES)
        if is_simple.all():
            return put_together
        rest = _whole(work.filter(~is_simple), columns, self.layout, self.known)
        return pl.concat([put_together, rest])[take_behind(~is_simple)]

    def _has_parts(self, columns: list[str]) -> bool:
        return self.layout == "separate" and columns == [GIVEN, FIRST, SECOND]

    def _read_parts(self, work: pl.DataFrame, columns: list[str]) -> dict[str, pl.DataFrame]:
        """Return what the parts become, by column; those not met before are standardised."""
        here: dict[str, pl.DataFrame] = {}
        fresh: dict[str, pl.DataFrame] = {}
        for column in columns:
            key = KEY + column
            distinct = work.select(key, column).filter(pl.col(key).is_first_distinct()).drop_nulls()
            if column in self._parts:
                here[column] = self._parts[column].join(distinct, on=key, how="semi", maintain_order="left")
                distinct = distinct.join(here[column], on=key, how="anti", maintain_order="left")
            fresh[column] = distinct
        for column, standard in _standardise_parts(fresh, self.known).items():
            made = standard.drop(column)
            before = self._parts.get(column, made.clear())
            self._parts[column] = pl.concat([before, made]).tail(LIMIT)
            here[column] = pl.concat([here[column], made]) if column in here else made
        return here


def _standardise_parts(fresh: dict[str, pl.DataFrame], known: NameKnowledge) -> dict[str, pl.DataFrame]:
    """Standardise parts beside ordinary neighbours: what they become, and whether they did so on their own."""
    beside = [
        parts.select(
            pl.col(column)
            if name == column
            else pl.lit(_neighbour(name, column), dtype=pl.String).alias(name)
            for name in (GIVEN, FIRST, SECOND)
        )
        for column, parts in fresh.items()
    ]
    whole = standardise_names(pl.concat(beside), "separate", known.frequencies)
    plain = pl.col("name_flags").is_null() & pl.col("married_name").is_null()
    alone = {
        GIVEN: plain & pl.col("given_name").is_not_null(),
        FIRST: plain & pl.col("surname_1").is_not_null() & pl.col("surname_2").is_null(),
        SECOND: plain & pl.col("surname_2").is_not_null() & (pl.col("surname_1") == _NEIGHBOURS[FIRST]),
    }
    made: dict[str, pl.DataFrame] = {}
    at = 0
    for column, parts in fresh.items():
        here = whole.slice(at, parts.height).select(*_MADE_BY[column], alone[column].alias(_alone(column)))
        made[column] = parts.hstack(here)
        at += parts.height
    return made


def _neighbour(name: str, column: str) -> str | None:
    """Return what stands beside a part: a first surname is looked at without a second, as it must be one by itself."""
    return None if (name, column) == (SECOND, FIRST) else _NEIGHBOURS[name]


def _whole(work: pl.DataFrame, columns: list[str], layout: str, known: NameKnowledge) -> pl.DataFrame:
    distinct = work.select(columns).unique()
    standard = standardise_names(distinct, layout, known.frequencies, known.habits).select(*columns, *NAMES)
    found = work.select(columns).join(
        standard, on=columns, how="left", nulls_equal=True, maintain_order="left"
    )
    return found.select(NAMES)


def _alone(column: str) -> str:
    return f"__alone_{column}"


def _nothing(name: str) -> pl.Expr:
    return pl.lit(None, dtype=pl.Boolean if name == "name_doubt" else pl.String).alias(name)
