"""What goes wrong when a clerk writes down a person: names, birth dates, document numbers, sex.

The people named in a record come as a frame with the columns given, surname_1, surname_2 (capitals), birth
(days since 1970-01-01), number, female and married_name; it returns with the same columns, the faulty
values in place, and one more column ``faults`` that says which kinds happened.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
from numpy.typing import NDArray

from register.synth.declare import Faults, Rates
from register.synth.draw import Bools, Ints, chance, choose, from_letters, letters

LONGEST_GIVEN = 20  # letters that some posts' systems hold
SPELLINGS = (
    ("V", "B"), ("B", "V"), ("S", "Z"), ("Z", "S"), ("LL", "Y"), ("Y", "LL"), ("Y", "I"), ("I", "Y"),
    ("CE", "SE"), ("CI", "SI"), ("SE", "CE"), ("CA", "KA"), ("CO", "KO"), ("GE", "JE"), ("GI", "JI"),
    ("JE", "GE"), ("^H", ""), ("QUI", "KI"), ("Z$", "S"), ("S$", "Z"),
)


def spoil(rng: np.random.Generator, faults: Faults, rates: Rates, people: pl.DataFrame) -> pl.DataFrame:
    """Return people as they stand in records, with the faults of the given rates."""
    size = people.height
    happened = {fault: chance(rng, rates.get(fault, 0.0), size) for fault in ("name", "birth_date", "document", "sex")}
    spoilt = people.with_columns(
        spoil_names(rng, faults.kinds("name"), people, happened["name"])
    )
    birth = people["birth"].to_numpy().astype(np.float64)
    at = np.flatnonzero(happened["birth_date"] & ~np.isnan(birth))
    birth[at] = spoil_dates(rng, faults.kinds("birth_date"), birth[at].astype(np.int64))
    number = _replace(people["number"], happened["document"] & people["number"].is_not_null().to_numpy(),
                      lambda words: spoil_numbers(rng, faults.kinds("document"), words))
    return spoilt.with_columns(
        birth=pl.Series(birth).fill_nan(None).cast(pl.Int64),
        number=number,
        female=pl.Series(people["female"].to_numpy() ^ happened["sex"]),
        **{f"{fault}_fault": pl.Series(which) for fault, which in happened.items()},
    )


def spoil_names(rng: np.random.Generator, kinds: Rates, people: pl.DataFrame, faulty: Bools) -> list[pl.Series]:
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
        _scatter(names[part], at, corrected[part]).alias(part) for part in ("given", "surname_1", "surname_2")
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
        np.any([changed[part].ne_missing(before[part]).to_numpy() for part in parts], axis=0), dtype=pl.Boolean
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
        _replace(names[column], part == position, lambda words: mistype(rng, words)).alias(column)
        for position, column in enumerate(("given", "surname_1", "surname_2"))
    )


def mistype(rng: np.random.Generator, words: pl.Series) -> pl.Series:
    """Return words with one letter missing, doubled, replaced or exchanged with the next."""
    matrix = letters(words, width=int(words.str.len_chars().max() or 0) + 1)  # type: ignore[call-overload]
    size, width = matrix.shape
    length = (matrix != 0).sum(axis=1)
    rows, columns = np.arange(size), np.arange(width)[None, :]
    at = np.minimum(1 + (rng.random(size) * (length - 1)).astype(np.int64), np.maximum(length - 1, 0))
    how = choose(rng, [0.34, 0.18, 0.2, 0.28], size)
    how[length < 3] = 1
    before = matrix[rows, np.maximum(at - 1, 0)]
    here = matrix[rows, at]
    how[(how == 3) & (before == here)] = 2
    other = 65 + rng.integers(0, 26, size).astype(np.uint32)
    other = np.where(other == here, 65 + (other - 64) % 26, other).astype(np.uint32)
    shifted_left = np.concatenate([matrix[:, 1:], np.zeros((size, 1), np.uint32)], axis=1)
    shifted_right = np.concatenate([matrix[:, :1], matrix[:, :-1]], axis=1)
    dropped = np.where(columns >= at[:, None], shifted_left, matrix)
    doubled = np.where(columns > at[:, None], shifted_right, matrix)
    result = np.where((how == 0)[:, None], dropped, np.where((how == 1)[:, None], doubled, matrix))
    replaced, swapped = np.flatnonzero(how == 2), np.flatnonzero(how == 3)
    result[replaced, at[replaced]] = other[replaced]
    result[swapped, at[swapped] - 1], result[swapped, at[swapped]] = here[swapped], before[swapped]
    return from_letters(result).str.strip_chars()


def spoil_dates(rng: np.random.Generator, kinds: Rates, days: Ints) -> NDArray[np.float64]:
    """Return wrong dates for right ones, as days; NaN where the date is left out."""
    kind = np.array(list(kinds))[choose(rng, kinds.values(), len(days))]
    sign = np.where(chance(rng, 0.5, len(days)), 1, -1)
    months = days.astype("datetime64[D]").astype("datetime64[M]")
    day = (days.astype("datetime64[D]") - months.astype("datetime64[D]")).astype(np.int64) + 1
    year = days.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64)
    month = months.astype(np.int64) - 12 * year + 1
    swappable = (day <= 12) & (day != month)
    kind = np.where((kind == "month_swapped") & ~swappable, "day_off", kind)
    kind = np.where((kind == "first_of_january") & (day == 1) & (month == 1), "year_off", kind)

    def made(years: Ints, months: Ints, days_of_month: Ints) -> Ints:
        start = (years * 12 + months - 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
        moved: Ints = start + days_of_month - 1
        return moved

    safe = np.minimum(day, 28)
    wrong = np.select(
        [kind == name for name in
         ("day_off", "ten_days_off", "month_swapped", "year_off", "ten_years_off", "first_of_january")],
        [days + sign, days + 10 * sign, made(year, day, month), made(year + sign, month, safe),
         made(year + 10 * sign, month, safe), made(year, np.ones_like(month), np.ones_like(day))],
        default=days,
    ).astype(np.float64)
    wrong[kind == "missing"] = np.nan
    return wrong


def spoil_numbers(rng: np.random.Generator, kinds: Rates, words: pl.Series) -> pl.Series:
    """Return wrong document numbers for right ones; null where the number is left out."""
    kind = np.array(list(kinds))[choose(rng, kinds.values(), len(words))]
    matrix = letters(words)
    size, width = matrix.shape
    length = (matrix != 0).sum(axis=1)
    rows, columns = np.arange(size), np.arange(width)[None, :]
    at = np.minimum((rng.random(size) * length).astype(np.int64), np.maximum(length - 2, 0))
    here, after = matrix[rows, at], matrix[rows, np.minimum(at + 1, width - 1)]
    kind = np.where((kind == "swapped_characters") & (here == after), "wrong_character", kind)
    digit = (here >= 48) & (here <= 57)
    step = rng.integers(1, 10, size).astype(np.uint32)
    turned = np.where(digit, 48 + (here - 48 + step) % 10, 65 + (here - 65 + step) % 26).astype(np.uint32)
    confusable = (matrix == 48) | (matrix == 49)
    first = confusable.argmax(axis=1)
    kind = np.where((kind == "letter_for_digit") & ~confusable.any(axis=1), "missing_character", kind)
    shifted = np.concatenate([matrix[:, 1:], np.zeros((size, 1), np.uint32)], axis=1)
    result = np.where((kind == "missing_character")[:, None] & (columns >= at[:, None]), shifted, matrix)
    for name, position, letter in (
        ("wrong_character", at, turned),
        ("letter_for_digit", first, np.where(matrix[rows, first] == 48, 79, 73).astype(np.uint32)),
        ("swapped_characters", at, after),
        ("swapped_characters", np.minimum(at + 1, width - 1), here),
    ):
        mine = np.flatnonzero(kind == name)
        result[mine, position[mine]] = letter[mine]
    spoilt = from_letters(result)
    return pl.select(pl.when(pl.Series(kind != "missing")).then(spoilt)).to_series()


def _replace(words: pl.Series, which: Bools, change: Callable[[pl.Series], pl.Series]) -> pl.Series:
    at = np.flatnonzero(which)
    return _scatter(words, at, change(words.gather(at))) if len(at) else words


def _scatter(words: pl.Series, at: Ints, values: pl.Series) -> pl.Series:
    """Return words with other values at some positions."""
    source = np.arange(len(words))
    source[at] = len(words) + np.arange(len(at))
    return pl.concat([words, values.alias(words.name)]).gather(source)
