"""A synthetic country before its offices write anything down, and how they write people down."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from register.synth.acts import Couples
from register.synth.borders import Crossings
from register.synth.declare import Faults
from register.synth.documents import Documents
from register.synth.draw import Bools, Ints, chance, stream
from register.synth.lives import Journeys, Period
from register.synth.mistakes import spoil
from register.synth.names import office_spelling
from register.synth.people import NATIONAL, People


@dataclass
class Country:
    """A synthetic country before its offices write anything down."""

    seed: int
    population: dict[str, Any]
    faults: Faults
    period: Period
    people: People
    journeys: Journeys
    last_day: Ints
    crossings: Crossings
    documents: Documents
    visas: pl.DataFrame
    permits: pl.DataFrame
    marriages: Couples
    births: Couples
    no_father: Bools
    children: Ints  # person born in each birth
    ascii_names: pl.DataFrame = field(init=False)
    native_names: pl.DataFrame = field(init=False)
    married_names: pl.Series = field(init=False)

    def __post_init__(self) -> None:
        names = self.people.names
        self.ascii_names = names.select(office_spelling(names[part]) for part in names.columns)
        self.native_names = names.select(
            office_spelling(names[part], keep_letters=True) for part in names.columns
        )
        self.married_names = self._married_names()

    @property
    def codes(self) -> pl.Series:
        """Return the code of each declared country."""
        return pl.Series(list(self.population["countries"]))

    def nationality(self, person: Ints) -> pl.Series:
        """Return the code of each person's citizenship."""
        return self.codes.gather(self.people.country[person])

    def municipality_code(self, person: Ints) -> pl.Series:
        """Return the DIVIPOLA code of the municipality where each person lives."""
        codes = pl.Series([spec["code"] for spec in self.population["municipality"]])
        return codes.gather(self.people.municipality[person])

    def named(self, office: str, person: Ints, number: pl.Series) -> pl.DataFrame:
        """Return people as an office writes them down: see ``mistakes.spoil``."""
        rng, rates = stream(self.seed, f"write {office}"), self.faults[office.split()[0]]
        native = pl.Series(chance(rng, rates["native_letters"], len(person)))
        plain, accented = self.ascii_names[person], self.native_names[person]
        bearers = pl.DataFrame(
            {part: accented[part].zip_with(native, plain[part]) for part in plain.columns}
        ).with_columns(
            birth=pl.Series(self.people.birth[person]),
            number=number,
            female=pl.Series(self.people.female[person]),
            married_name=self.married_names.gather(person),
        )
        return spoil(rng, self.faults, rates, bearers)

    def identity_document(self, person: Ints, days: Ints) -> pl.Series:
        """Return what a civil registry writes down: a national's card or a foreigner's passport."""
        national = pl.Series(self.people.country[person] == self.codes.to_list().index(NATIONAL))
        return self.documents.national_id.gather(person).zip_with(
            national, self.documents.passport_at(person, days)
        )

    def _married_names(self) -> pl.Series:
        """Return for women with two surnames the husband's, of a marriage here or elsewhere."""
        rng, size = stream(self.seed, "married names"), len(self.people)
        surnames = self.ascii_names["surname_1"]
        husband = rng.integers(0, size, size) if size else np.zeros(0, np.int64)
        husband[self.marriages.woman] = self.marriages.man
        bears = pl.Series(self.people.female) & self.ascii_names["surname_2"].is_not_null()
        return pl.select(pl.when(bears).then(surnames.gather(husband))).to_series()
