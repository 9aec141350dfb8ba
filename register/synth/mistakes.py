"""What goes wrong when a clerk writes down a person: names, birth dates, document numbers, sex.

The people named in a record come as a frame with the columns given, surname_1, surname_2 (capitals), birth
(days since 1970-01-01), number, female and married_name, and return with the faulty values in place.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from register.synth.declare import Faults, Rates
from register.synth.draw import Floats, Ints, chance, choose, from_letters, letters, replace_some
from register.synth.misspell import spoil_names


def spoil(rng: np.random.Generator, faults: Faults, rates: Rates, people: pl.DataFrame) -> pl.DataFrame:
    """Return people as they stand in records, with the faults of the given rates."""
    size = people.height
    happened = {
        fault: chance(rng, rates.get(fault, 0.0), size) for fault in ("name", "birth_date", "document", "sex")
    }
    spoilt = people.with_columns(spoil_names(rng, faults.kinds("name"), people, happened["name"]))
    birth = people["birth"].to_numpy().astype(np.float64)
    at = np.flatnonzero(happened["birth_date"] & ~np.isnan(birth))
    birth[at] = spoil_dates(rng, faults.kinds("birth_date"), birth[at].astype(np.int64))
    number = replace_some(
        people["number"],
        happened["document"] & people["number"].is_not_null().to_numpy(),
        lambda words: spoil_numbers(rng, faults.kinds("document"), words),
    )
    return spoilt.with_columns(
        birth=pl.Series(birth).fill_nan(None).cast(pl.Int64),
        number=number,
        female=pl.Series(people["female"].to_numpy() ^ happened["sex"]),
    )


def spoil_dates(rng: np.random.Generator, kinds: Rates, days: Ints) -> Floats:
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
    wrong: Floats = np.select(
        [
            kind == name
            for name in (
                "day_off",
                "ten_days_off",
                "month_swapped",
                "year_off",
                "ten_years_off",
                "first_of_january",
            )
        ],
        [
            days + sign,
            days + 10 * sign,
            made(year, day, month),
            made(year + sign, month, safe),
            made(year + 10 * sign, month, safe),
            made(year, np.ones_like(month), np.ones_like(day)),
        ],
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
