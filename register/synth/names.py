"""Names by country: Faker's lists of given names and surnames, drawn by their frequency."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import polars as pl

from register.synth.draw import Bools, Floats, choose

ROMANISED = {
    "zh_CN": {
        "first_names_male": "first_romanized_names",
        "first_names_female": "first_romanized_names",
        "last_names": "last_romanized_names",
    }
}


@dataclass(frozen=True)
class Pool:
    """Words and how often each is drawn."""

    words: pl.Series
    weights: Floats

    def draw(self, rng: np.random.Generator, size: int) -> pl.Series:
        """Return ``size`` words by frequency."""
        return self.words.gather(choose(rng, self.weights, size))


@dataclass(frozen=True)
class Names:
    """The names of one country: three pools and how many of each a person bears."""

    men: Pool
    women: Pool
    surnames: Pool
    n_surname: int
    given_shares: tuple[float, ...]

    def draw_surnames(self, rng: np.random.Generator, size: int) -> tuple[pl.Series, pl.Series]:
        """Return first and second surnames; the second is null where a country has one surname."""
        first, second = self.surnames.draw(rng, size), self.surnames.draw(rng, size)
        return first, second if self.n_surname > 1 else pl.repeat(None, size, dtype=pl.String, eager=True)

    def draw_given(self, rng: np.random.Generator, female: Bools) -> pl.Series:
        """Return one to three given names in one text, no word twice."""
        size = len(female)
        n_word = choose(rng, self.given_shares, size) + 1
        frame = pl.DataFrame(
            {
                f"{i}": self.men.draw(rng, size).zip_with(pl.Series(~female), self.women.draw(rng, size))
                for i in range(3)
            }
        ).with_columns(n=n_word)
        second = pl.when((pl.col("n") > 1) & (pl.col("1") != pl.col("0"))).then("1")
        third = pl.when((pl.col("n") > 2) & (pl.col("2") != pl.col("0")) & (pl.col("2") != pl.col("1"))).then(
            "2"
        )
        return frame.select(given=pl.concat_str("0", second, third, separator=" ", ignore_nulls=True))[
            "given"
        ]


def country_names(population: dict[str, Any], country: str) -> Names:
    """Return the names of a country as ``population.toml`` declares them."""
    spec, lists = population["names"][country], population["name_lists"]
    skew = spec["skew"]
    return Names(
        men=_pool(spec["given_from"], "first_names_male", {}, skew["given"], lists),
        women=_pool(spec["given_from"], "first_names_female", {}, skew["given"], lists),
        surnames=_pool(spec["surnames_from"], "last_names", spec.get("more", {}), skew["surname"], lists),
        n_surname=int(spec["surnames"]),
        given_shares=tuple(spec["given"]),
    )


def office_spelling(names: pl.Series, *, keep_letters: bool = False) -> pl.Series:
    """Return names in capitals, without accents (``Muñoz`` becomes ``MUNOZ``) unless they are kept."""
    if keep_letters:
        return names.str.to_uppercase()
    return names.str.normalize("NFD").str.replace_all(r"\p{M}", "").str.to_uppercase()


def _pool(
    shares: dict[str, float], kind: str, more: dict[str, float], skew: float, lists: dict[str, list[str]]
) -> Pool:
    """Mix the lists of several locales; ``more`` have the weights they declare, the others what is left."""
    frequency: dict[str, float] = {}
    left = 1 - sum(more.values())
    for locale, share in shares.items():
        weights = _weights(locale, kind, tuple(lists["ranked"]), tuple(lists["weighted"]))
        total = sum(weight**skew for weight in weights.values())
        for word, weight in weights.items():
            frequency[word] = frequency.get(word, 0.0) + left * share * weight**skew / total
    for word, weight in more.items():
        frequency[word] = frequency.get(word, 0.0) + weight
    return Pool(pl.Series(list(frequency)), np.array(list(frequency.values())))


@cache
def _weights(locale: str, kind: str, ranked: tuple[str, ...], weighted: tuple[str, ...]) -> dict[str, float]:
    words = _words(locale, kind)
    if isinstance(words, dict):
        return {word: float(weight) for word, weight in words.items()}
    distinct = list(dict.fromkeys(words))
    if locale in ranked:
        return {word: 1 / (rank + 5) for rank, word in enumerate(distinct)}
    borrowed: dict[str, float] = {}
    for other in weighted:
        for word, weight in _words(other, kind).items():
            key = _key(word)
            borrowed[key] = max(borrowed.get(key, 0.0), float(weight))
    floor = min(borrowed.values())
    return {word: borrowed.get(_key(word), floor) for word in distinct}


def _words(locale: str, kind: str) -> Any:
    provider = importlib.import_module(f"faker.providers.person.{locale}").Provider
    return getattr(provider, ROMANISED.get(locale, {}).get(kind, kind))


def _key(word: str) -> str:
    return word.casefold().translate(str.maketrans("áéíóúü", "aeiouu"))
