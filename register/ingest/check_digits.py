"""Check digits of documents, where their issuer publishes a rule.

Each rule is a Polars expression over normalised numbers (upper case, no separators) that is true,
false, or null where the number is not of the rule's form. A failed check is something to know of a
number, never a reason to change it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import polars as pl

_CURP_ALPHABET = "0123456789ABCDEFGHIJKLMN&OPQRSTUVWXYZ"
_DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"


def _digit(number: pl.Expr, place: int) -> pl.Expr:
    """Return the digit at a place, null when it is not a digit."""
    return number.str.slice(place, 1).cast(pl.Int32, strict=False)


def _weighted(number: pl.Expr, weights: Sequence[int], start: int = 0) -> pl.Expr:
    """Return the sum of digits times weights; null when one is not a digit."""
    return pl.sum_horizontal(
        (_digit(number, start + place) * weight for place, weight in enumerate(weights)), ignore_nulls=False
    )


def _of_form(number: pl.Expr, form: str, holds: pl.Expr) -> pl.Expr:
    return pl.when(number.str.contains(form)).then(holds)


def mrz_check_digit(text: pl.Expr, *, max_length: int = 44) -> pl.Expr:
    """Return the ICAO 9303-3 check digit of a field: weights 7 3 1, letters A = 10 to Z = 35, filler 0.

    Text longer than `max_length` or with other characters gives null.
    """
    characters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ<"
    values = [*range(36), 0]
    terms = (
        text.str.slice(place, 1).replace_strict(
            ["", *characters], [0, *values], default=None, return_dtype=pl.Int32
        )
        * (7, 3, 1)[place % 3]
        for place in range(max_length)
    )
    total = pl.sum_horizontal(terms, ignore_nulls=False)
    return pl.when(text.str.len_chars().is_between(1, max_length)).then(total % 10)


def ecuador_cedula(number: pl.Expr) -> pl.Expr:
    """Ten digits: province 01-24 or 30, third digit below 6, check digit modulo 10."""
    doubled = [_digit(number, place) * (2, 1)[place % 2] for place in range(9)]
    total = pl.sum_horizontal(pl.when(term > 9).then(term - 9).otherwise(term) for term in doubled)
    province = number.str.slice(0, 2).cast(pl.Int32, strict=False)
    holds = (
        (province.is_between(1, 24) | (province == 30))
        & (_digit(number, 2) < 6)
        & ((10 - total % 10) % 10 == _digit(number, 9))
    )
    return _of_form(number, "^[0-9]{10}$", holds)


def chile_run(number: pl.Expr) -> pl.Expr:
    """Up to eight digits and a check character modulo 11 (K for 10).

    The check character is often left out, so a shorter run of digits that fails is null, not false.
    """
    padded = number.str.zfill(9)
    remainder = (11 - _weighted(padded, (3, 2, 7, 6, 5, 4, 3, 2)) % 11) % 11
    last = padded.str.slice(8, 1)
    holds = pl.when(remainder == 10).then(last == "K").otherwise(last == remainder.cast(pl.String))
    certain = (number.str.len_chars() == 9) | number.str.ends_with("K")
    return _of_form(number, "^[0-9]{6,8}[0-9K]$", pl.when(holds | certain).then(holds))


def brazil_cpf(number: pl.Expr) -> pl.Expr:
    """Eleven digits, the last two check digits modulo 11."""
    first = _weighted(number, range(10, 1, -1)) * 10 % 11 % 10
    second = _weighted(number, range(11, 1, -1)) * 10 % 11 % 10
    return _of_form(number, "^[0-9]{11}$", (first == _digit(number, 9)) & (second == _digit(number, 10)))


def argentina_cuil(number: pl.Expr) -> pl.Expr:
    """Eleven digits with a check digit modulo 11; the DNI alone has none and gives null."""
    check = (11 - _weighted(number, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11) % 11
    return _of_form(number, "^(?:20|23|24|27|30|33|34)[0-9]{9}$", check == _digit(number, 10))


def spain_dni(number: pl.Expr) -> pl.Expr:
    """Eight digits and a letter, or for foreigners X, Y or Z, seven digits and a letter, modulo 23."""
    figures = number.str.replace("^X", "0").str.replace("^Y", "1").str.replace("^Z", "2")
    letter = (figures.str.slice(0, 8).cast(pl.Int64, strict=False) % 23).replace_strict(
        list(range(23)), list(_DNI_LETTERS), default=None, return_dtype=pl.String
    )
    return _of_form(number, "^[0-9XYZ][0-9]{7}[A-Z]$", letter == number.str.slice(8, 1))


def uruguay_cedula(number: pl.Expr) -> pl.Expr:
    """Seven or eight digits, the last a check digit modulo 10."""
    padded = number.str.zfill(8)
    check = (10 - _weighted(padded, (2, 9, 8, 7, 6, 3, 4)) % 10) % 10
    return _of_form(number, "^[0-9]{7,8}$", check == _digit(padded, 7))


def mexico_curp(number: pl.Expr) -> pl.Expr:
    """Eighteen characters of the population key, the last a check digit modulo 10."""
    values = list(range(len(_CURP_ALPHABET)))
    terms = (
        number.str.slice(place, 1).replace_strict(
            list(_CURP_ALPHABET), values, default=None, return_dtype=pl.Int32
        )
        * (18 - place)
        for place in range(17)
    )
    check = (10 - pl.sum_horizontal(terms, ignore_nulls=False) % 10) % 10
    return _of_form(number, "^[A-Z]{4}[0-9]{6}[HMX][A-Z]{5}[A-Z0-9][0-9]$", check == _digit(number, 17))


def dominican_cedula(number: pl.Expr) -> pl.Expr:
    """Eleven digits, the last a Luhn check digit."""
    doubled = [_digit(number, place) * (1, 2)[place % 2] for place in range(10)]
    total = pl.sum_horizontal(pl.when(term > 9).then(term - 9).otherwise(term) for term in doubled)
    return _of_form(number, "^[0-9]{11}$", (10 - total % 10) % 10 == _digit(number, 10))


NATIONAL_ID_RULES: dict[str, Callable[[pl.Expr], pl.Expr]] = {
    "ARG": argentina_cuil,
    "BRA": brazil_cpf,
    "CHL": chile_run,
    "DOM": dominican_cedula,
    "ECU": ecuador_cedula,
    "ESP": spain_dni,
    "MEX": mexico_curp,
    "URY": uruguay_cedula,
}
"""Rules of national identity numbers by issuer (ISO 3166-1 alpha-3)."""
