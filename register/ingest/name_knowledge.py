"""What extracts teach of names: which words are given names and which surnames, and who has two surnames.

Sources that tell surnames from given names teach it to those that write them in one column. These teach themselves,
too: a name begins and ends with words of which it is certain what they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import polars as pl

from register.ingest.name_counts import (
    HABIT_SCHEMA,
    KNOWN_SCHEMA,
    add_name_frequencies,
    add_surname_habits,
    learn_name_frequencies,
    learn_outer_words,
    learn_surname_habits,
)

CITIZENSHIP = "citizenship_code"


@dataclass(frozen=True)
class NameKnowledge:
    """Frequencies of words as given names and as surnames, and numbers of people with one and two surnames.

    ``frequencies`` as of `learn_name_frequencies`, ``habits`` as of `learn_surname_habits`.
    """

    frequencies: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=KNOWN_SCHEMA))
    habits: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=HABIT_SCHEMA))

    def learn(self, people: pl.DataFrame) -> NameKnowledge:
        """Add what distinct people teach whose given names and surnames stand apart.

        Parameters
        ----------
        people
            Grain: one person. Columns: given_name, surname_1, surname_2 and citizenship_code.
        """
        return NameKnowledge(
            add_name_frequencies([self.frequencies, learn_name_frequencies([people])]),
            add_surname_habits([self.habits, learn_surname_habits([people])]),
        )

    def learn_full_names(self, names: Iterable[pl.Series], *, surnames_first: bool) -> NameKnowledge:
        """Add what distinct names in one column teach by the words that they begin and end with."""
        learnt = [learn_outer_words(texts, surnames_first=surnames_first) for texts in names]
        return NameKnowledge(add_name_frequencies([self.frequencies, *learnt]), self.habits)


NOTHING = NameKnowledge()
