"""Reads what was seen of people into the arrays of the model, a batch at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from register.engine import Engine
from register.estimate.chain import DEPARTURE, FIRST_PERMIT, Histories, Ints
from register.estimate.kinds import Sizes

#: Values with a number of their own; the others share one.
LARGEST = 8
#: What papers tell of a person, by the columns of ``subject``.
MARKS = ("is_announced", "is_protected")
#: Citizenships with fewer people are taken together.
FEWEST = 200


@dataclass(frozen=True)
class Codes:
    """The numbers of posts, citizenships and purposes of a population; 0 is none or unknown, 1 all the others."""

    post: Mapping[str, int]
    origin: Mapping[str, int]
    purpose: Mapping[str, int]

    @property
    def sizes(self) -> Sizes:
        """How many numbers there are of each."""
        return Sizes(len(self.post) + 2, len(self.origin) + 2, len(self.purpose) + 2)


@dataclass(frozen=True)
class Batch:
    """Histories of some people, with what leads back to the tables.

    ``person_id`` of each person, ``step`` of each step and the day ``since`` when it counts, the code of each opener.
    """

    histories: Histories
    person_id: pl.Series
    step: Ints
    since: Ints
    posts: pl.Series


def read_codes(engine: Engine, population: int) -> Codes:
    """Return the codes of a population, the commonest first. Reads ``observed`` and ``subject``."""

    def commonest(sql: str) -> Mapping[str, int]:
        return {str(row[0]): number + 2 for number, row in enumerate(engine.rows(sql))}

    def told(column: str) -> Mapping[str, int]:
        return commonest(
            f"select {column} from observed join subject using (person_id) where population = {population} "
            f"and {column} is not null group by 1 order by count(*) desc, 1 limit {LARGEST}"
        )

    return Codes(
        post=told("post"),
        origin=commonest(
            f"select origin from subject where population = {population} and origin <> '' group by 1 "
            f"having count(*) >= {FEWEST} order by count(*) desc, 1 limit {2 * LARGEST}"
        ),
        purpose=told("purpose"),
    )


def read_batch(engine: Engine, codes: Codes, where: str) -> Batch:
    """Return the histories of the subjects that a condition chooses. Reads ``observed`` and ``subject``."""
    frame = engine.frame(
        f"""
        select person_id, observed.step, observed.day, observed.kind, observed.post, observed.purpose, subject.origin,
            subject.starts_on, subject.is_born, cast(subject.is_announced as integer) as is_announced,
            coalesce(cast(subject.is_protected as integer), -1) as is_protected,
            count(*) over (partition by person_id) as length
        from observed inner join subject using (person_id)
        where {where}
        order by length desc, person_id, observed.step
        """
    )
    frame = frame.with_columns(
        _number("post", codes.post), _number("purpose", codes.purpose), _number("origin", codes.origin)
    ).with_columns(
        opener=pl.when(pl.col("kind") <= DEPARTURE)
        .then("post")
        .shift(1)
        .forward_fill()
        .over("person_id")
        .fill_null(0),
        documented=(pl.col("kind") == FIRST_PERMIT)
        .shift(1)
        .fill_null(value=False)
        .cum_max()
        .over("person_id"),
        since=pl.col("day").shift(1).over("person_id").fill_null(pl.col("starts_on")),
    )
    people = frame.group_by("person_id", maintain_order=True).agg(
        pl.len().alias("length"), *(pl.first(name) for name in ("origin", "is_born", *MARKS))
    )

    def whole(column: str, source: pl.DataFrame = frame) -> Ints:
        return source[column].to_numpy().astype(np.int64)

    histories = Histories(
        length=whole("length", people),
        origin=whole("origin", people),
        is_born=people["is_born"].to_numpy(),
        marks=np.stack([whole(name, people) for name in MARKS], axis=1),
        gap=np.maximum(whole("day") - whole("since"), 0),
        kind=whole("kind"),
        purpose=whole("purpose"),
        opener=whole("opener"),
        undocumented=1 - whole("documented"),
    )
    posts = pl.Series([None, None, *codes.post], dtype=pl.String)
    return Batch(histories, people["person_id"], whole("step"), whole("since"), posts)


def _number(column: str, codes: Mapping[str, int]) -> pl.Expr:
    known = pl.col(column).replace_strict(codes, default=1, return_dtype=pl.Int64) if codes else pl.lit(1)
    return pl.when(pl.col(column).is_null() | (pl.col(column) == "")).then(0).otherwise(known).alias(column)


def populations(engine: Engine) -> Sequence[tuple[int, int]]:
    """Return each population and how many people it has."""
    return engine.rows(
        "select population, count(*) from subject anti join drawn_person using (person_id) group by 1 order by 1"
    )
