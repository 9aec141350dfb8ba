"""Random draws that the whole of ``synth`` uses: seeded streams, weighted choices, patterns of numbers."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Letters = NDArray[np.uint32]

MINUTES = 1440  # in a day
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
DIGITS = "0123456789"


def stream(seed: int, name: str) -> np.random.Generator:
    """Return the random stream of one step: adding draws to a step changes no other step."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, zlib.crc32(name.encode())])))


def chance(rng: np.random.Generator, share: float, size: int) -> Bools:
    """Return true for about ``share`` of ``size`` cases."""
    happens: Bools = rng.random(size) < share
    return happens


def choose(rng: np.random.Generator, weights: Iterable[float], size: int) -> Ints:
    """Return ``size`` positions drawn in proportion to their weights."""
    cumulative = np.cumsum(np.asarray(list(weights), dtype=np.float64))
    drawn: Ints = np.searchsorted(cumulative, rng.random(size) * cumulative[-1], side="right").astype(
        np.int64
    )
    return drawn


def choose_word(rng: np.random.Generator, weights: Mapping[str, float], size: int) -> pl.Series:
    """Return ``size`` words drawn in proportion to their weights."""
    return pl.Series(list(weights), dtype=pl.String).gather(choose(rng, weights.values(), size))


def numbers(rng: np.random.Generator, pattern: str, size: int) -> pl.Series:
    """Return document numbers of a pattern: ``A`` a letter, ``9`` a digit, anything else itself."""
    columns = np.empty((size, len(pattern)), dtype=np.uint32)
    for position, mark in enumerate(pattern):
        alphabet = {"A": ALPHABET, "9": DIGITS}.get(mark, mark)
        codes = np.array([ord(letter) for letter in alphabet], dtype=np.uint32)
        columns[:, position] = codes[rng.integers(0, len(codes), size)]
    return from_letters(columns)


def distinct_numbers(rng: np.random.Generator, pattern: str, size: int) -> pl.Series:
    """Return ``size`` different numbers of a pattern; digits are added when the pattern holds too few."""
    room = 10 ** pattern.count("9") * 26 ** pattern.count("A")
    while room < 2 * size:
        pattern, room = pattern + "9", room * 10
    drawn = numbers(rng, pattern, size)
    while (repeated := drawn.is_first_distinct().not_()).any():
        drawn = drawn.zip_with(~repeated, numbers(rng, pattern, size))
    return drawn


def scatter(words: pl.Series, at: Ints, values: pl.Series) -> pl.Series:
    """Return words with other values at some positions."""
    source = np.arange(len(words))
    source[at] = len(words) + np.arange(len(at))
    return pl.concat([words, values.alias(words.name)]).gather(source)


def replace_some(words: pl.Series, which: Bools, change: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """Return words with some of them changed."""
    at = np.flatnonzero(which)
    return scatter(words, at, change(words.gather(at))) if len(at) else words


def letters(words: pl.Series, room: int = 0) -> Letters:
    """Return words as a matrix of code points, one row a word, padded with ``room`` zeros or more."""
    array = np.asarray(words.fill_null("").to_list() or [""], dtype=np.str_)
    array = array.astype(f"<U{max(array.dtype.itemsize // 4, 1) + room}")
    return np.ascontiguousarray(array).view(np.uint32).reshape(len(array), -1)[: len(words)].copy()


def from_letters(matrix: Letters) -> pl.Series:
    """Return the words of a matrix of code points."""
    if not matrix.size:
        return pl.Series([], dtype=pl.String)
    words = np.ascontiguousarray(matrix).view(f"<U{matrix.shape[1]}").reshape(-1)
    return pl.Series(words.tolist(), dtype=pl.String)


def day(year: int, month: int = 1, day_of_month: int = 1) -> int:
    """Return a date as days since 1970-01-01."""
    return (date(year, month, day_of_month) - date(1970, 1, 1)).days


def dates(days: NDArray[Any]) -> pl.Series:
    """Return days since 1970-01-01 as dates."""
    return pl.Series(np.asarray(days, dtype=np.int32)).cast(pl.Date)


def times(minutes: NDArray[Any]) -> pl.Series:
    """Return minutes since 1970-01-01 as timestamps."""
    return (pl.Series(np.asarray(minutes, dtype=np.int64)) * 60_000_000).cast(pl.Datetime("us"))
