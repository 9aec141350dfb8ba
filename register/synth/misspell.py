"""How clerks misspell names: typing, spelling by ear, surnames left out, swapped, joined, names cut short."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl

from register.synth.declare import Rates
from register.synth.draw import Bools, choose, from_letters, letters, replace_some, scatter

MISSING, DOUBLED, REPLACED, EXCHANGED = range(4)
LONGEST_GIVEN = 20  # letters that some posts' systems hold
SPELLINGS = (
    ("V", "B"),
    ("B", "V"),
    ("S", "Z"),
    ("Z", "S"),
    ("LL", "Y"),
    ("Y", "LL"),
    ("Y", "I"),
    ("I", "Y"),
    ("CE", "SE"),
    ("CI", "SI"),
    ("SE", "CE"),
    ("CA", "KA"),
    ("CO", "KO"),
    ("GE", "JE"),
    ("GI", "JI"),
    ("JE", "GE"),
    ("^H", ""),
    ("QUI", "KI"),
    ("Z$", "S"),
    ("S$", "Z"),
)


def spoil_names(
    rng: np.random.Generator, kinds: Rates, people: pl.DataFrame, faulty: Bools
) -> list[pl.Series]:
    """Return given, surname_1 and surname_2 with one fault in each faulty entry."""
    names = people.select("given", "surname_1", "surname_2", "married_name")
    at = np.flatnonzero(faulty)
    wrong = names[at].with_row_index("at")
    kind = np.array(list(kinds))[choose(rng, kinds.values(), len(at))]
    parts, left = [], wrong
    for name, change in CHANGES.items():
        mine = left.filter(pl.Series((kind == name)[left["at"].to_numpy()]))
        changed = change(mine)
        done = changed.filter(_differs(changed, mine))
        parts.append(done)
        left = left.join(done.select("at"), on="at", how="anti", maintain_order="left")
    spelling = left.filter(pl.Series((kind == "spelling")[left["at"].to_numpy()]))
    changed = _spell(rng, spelling)
    parts.append(changed.filter(_differs(changed, spelling)))
    left = left.join(parts[-1].select("at"), on="at", how="anti", maintain_order="left")
    parts.append(_mistype_one(rng, left))
    corrected = pl.concat(parts).sort("at")
    return [
        scatter(names[part], at, corrected[part]).alias(part) for part in ("given", "surname_1", "surname_2")
    ]


def _missing_surname(names: pl.DataFrame) -> pl.DataFrame:
    return names.with_columns(surname_2=pl.lit(None, dtype=pl.String))


def _swapped_surnames(names: pl.DataFrame) -> pl.DataFrame:
    return names.with_columns(
        surname_1=pl.coalesce("surname_2", "surname_1"),
        surname_2=pl.when(pl.col("surname_2").is_not_null()).then("surname_1"),
    )


def _one_given_name(names: pl.DataFrame) -> pl.DataFrame:
    return names.with_columns(given=pl.col("given").str.extract(r"^(\S+)", 1))


def _joined_surnames(names: pl.DataFrame) -> pl.DataFrame:
    return names.with_columns(
        surname_1=pl.concat_str("surname_1", "surname_2", separator=" ", ignore_nulls=True),
        surname_2=pl.lit(None, dtype=pl.String),
    )


def _married_name(names: pl.DataFrame) -> pl.DataFrame:
    return names.with_columns(
        surname_2=pl.when(pl.col("married_name").is_not_null())
        .then("DE " + pl.col("married_name"))
        .otherwise("surname_2")
    )


def _truncation(names: pl.DataFrame) -> pl.DataFrame:
    long = pl.col("given").str.len_chars() > LONGEST_GIVEN
    return names.with_columns(
        given=pl.when(long).then(pl.col("given").str.slice(0, LONGEST_GIVEN)).otherwise("given"),
        surname_1=pl.when(~long & (pl.col("surname_1").str.len_chars() > 5))
        .then(pl.col("surname_1").str.head(-1))
        .otherwise("surname_1"),
    )


CHANGES: dict[str, Callable[[pl.DataFrame], pl.DataFrame]] = {
    "missing_surname": _missing_surname,
    "swapped_surnames": _swapped_surnames,
    "one_given_name": _one_given_name,
    "joined_surnames": _joined_surnames,
    "married_name": _married_name,
    "truncation": _truncation,
}


def _differs(changed: pl.DataFrame, before: pl.DataFrame) -> pl.Series:
    parts = ("given", "surname_1", "surname_2")
    return pl.Series(
        np.any([changed[part].ne_missing(before[part]).to_numpy() for part in parts], axis=0),
        dtype=pl.Boolean,
    )


def _spell(rng: np.random.Generator, names: pl.DataFrame) -> pl.DataFrame:
    """Replace one sound by another spelling of it, in one of the names that allow it."""
    best: pl.DataFrame = names
    rank = np.full(names.height, -1.0)
    for part in ("given", "surname_1", "surname_2"):
        for pattern, replacement in SPELLINGS:
            other = names[part].str.replace(pattern, replacement)
            draw = np.where(other.ne_missing(names[part]).to_numpy(), rng.random(names.height), -1.0)
            better = draw > rank
            rank = np.where(better, draw, rank)
            rows = pl.Series(better)
            best = best.with_columns(
                (other if column == part else names[column]).zip_with(rows, best[column]).alias(column)
                for column in ("given", "surname_1", "surname_2")
            )
    return best


def _mistype_one(rng: np.random.Generator, names: pl.DataFrame) -> pl.DataFrame:
    """Put one typing error into one of the names."""
    part = choose(rng, [0.4, 0.4, 0.2], names.height)
    part[(part == 2) & names["surname_2"].is_null().to_numpy()] = 1
    return names.with_columns(
        replace_some(names[column], part == position, lambda words: mistype(rng, words)).alias(column)
        for position, column in enumerate(("given", "surname_1", "surname_2"))
    )


def mistype(rng: np.random.Generator, words: pl.Series) -> pl.Series:
    """Return words with one letter missing, doubled, replaced or exchanged with the one before it."""
    matrix = letters(words, room=1)
    size, width = matrix.shape
    length = (matrix != 0).sum(axis=1)
    rows, columns = np.arange(size), np.arange(width)[None, :]
    at = np.minimum(1 + (rng.random(size) * (length - 1)).astype(np.int64), np.maximum(length - 1, 0))
    before, here = matrix[rows, np.maximum(at - 1, 0)], matrix[rows, at]
    how = choose(rng, [0.34, 0.18, 0.2, 0.28], size)
    how = np.where(length < 3, DOUBLED, np.where((how == EXCHANGED) & (before == here), REPLACED, how))
    drawn = 65 + rng.integers(0, 26, size)
    other = np.where(drawn == here, 65 + (drawn - 64) % 26, drawn).astype(np.uint32)
    from_right = np.concatenate([matrix[:, 1:], np.zeros((size, 1), np.uint32)], axis=1)
    from_left = np.concatenate([matrix[:, :1], matrix[:, :-1]], axis=1)
    result = np.where((how == MISSING)[:, None] & (columns >= at[:, None]), from_right, matrix)
    result = np.where((how == DOUBLED)[:, None] & (columns > at[:, None]), from_left, result)
    replaced, exchanged = np.flatnonzero(how == REPLACED), np.flatnonzero(how == EXCHANGED)
    result[replaced, at[replaced]] = other[replaced]
    result[exchanged, at[exchanged] - 1] = here[exchanged]
    result[exchanged, at[exchanged]] = before[exchanged]
    return from_letters(result).str.strip_chars()
