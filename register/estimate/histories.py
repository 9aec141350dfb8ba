"""Reads what was seen of people into the arrays of the model, a batch at a time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from register.engine import Engine
from register.estimate.chain import DEPARTURE, FIRST_PERMIT, YEAR, Flags, Histories, Ints
from register.estimate.kinds import Sizes

#: Values with a number of their own; the others share one.
LARGEST = 8
#: What papers tell of a person, by the columns of ``subject``.
MARKS = ("is_announced", "is_protected")
#: Citizenships with fewer people are taken together.
FEWEST = 200
#: Crossings missed within fewer days than this change no verdict worth the doubt.
WIDE = 90
#: From this day on days are counted.
DAY_ZERO = dt.date(1, 1, 1)


@dataclass(frozen=True)
class Codes:
    """The numbers of posts, citizenships and purposes of a population; 0 is none or unknown, 1 all the others.

    ``edges``: the first day of the series, that of each new year, and the day after the last.
    """

    post: Mapping[str, int]
    origin: Mapping[str, int]
    purpose: Mapping[str, int]
    edges: Ints

    @property
    def sizes(self) -> Sizes:
        """How many numbers there are of each."""
        return Sizes(len(self.post) + 2, len(self.origin) + 2, len(self.purpose) + 2, len(self.edges) - 1)


@dataclass(frozen=True)
class Batch:
    """Histories of some people, with what leads back to the tables.

    ``person_id`` of each person; of each step the number of what was seen (``step``; of a new year, that of the next
    thing seen), the day ``since`` when it counts, and whether a crossing missed in it ``is_wide``: where it can change
    a verdict; the code of each opener; the first day of the series.
    """

    histories: Histories
    person_id: pl.Series
    step: Ints
    since: Ints
    is_wide: Flags
    posts: pl.Series
    start: int


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
        edges=_edges(
            *engine.rows(
                "select min(starts_on), max(day) from observed inner join subject using (person_id)"
            )[0]
        ),
    )


def _edges(first: int, last: int) -> Ints:
    """Return the first day of a series, that of each new year in it, and its last."""
    begin, end = (DAY_ZERO + dt.timedelta(days=day) for day in (first, last))
    news = [(dt.date(year, 1, 1) - DAY_ZERO).days for year in range(begin.year + 1, end.year + 1)]
    return np.array([first, *(day for day in news if day < last), max(last, first + 1)])


def read_batch(engine: Engine, codes: Codes, where: str) -> Batch:
    """Return the histories of the subjects that a condition chooses. Reads ``observed`` and ``subject``."""
    frame = engine.frame(
        f"""
        select person_id, observed.step, observed.day, observed.kind, observed.post, observed.purpose, subject.origin,
            subject.starts_on, subject.is_born, cast(subject.is_announced as integer) as is_announced,
            coalesce(cast(subject.is_protected as integer), -1) as is_protected
        from observed inner join subject using (person_id)
        where {where}
        order by subject.turn, observed.step
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

    since, day, kind = whole("since"), whole("day"), whole("kind")
    day = np.maximum(day, since)
    crosses = kind <= DEPARTURE
    is_first = np.zeros(len(day), dtype=bool)
    is_first[np.cumsum(whole("length", people)) - whole("length", people)] = True
    is_wide = (day - since > WIDE) | ~crosses | is_first | ~np.roll(crosses, 1)
    # A step that lasts into other years is divided: nothing is seen on the days on which they begin.
    first, last = np.searchsorted(codes.edges[1:-1], since, "right"), np.searchsorted(codes.edges[1:-1], day)
    pieces = np.maximum(last - first, 0) + 1
    row = np.repeat(np.arange(len(day)), pieces)
    piece = np.arange(len(row)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    is_last = piece == pieces[row] - 1
    year = first[row] + piece
    begin = np.where(piece == 0, since[row], codes.edges[year])
    length = np.add.reduceat(pieces, np.flatnonzero(is_first)) if len(row) else pieces
    # The longest first, as the model wants them.
    order = np.argsort(-length, kind="stable")
    take = _rows(length, order)
    histories = Histories(
        length=length[order],
        origin=whole("origin", people)[order],
        is_born=people["is_born"].to_numpy()[order],
        marks=np.stack([whole(name, people) for name in MARKS], axis=1)[order],
        gap=(np.where(is_last, day[row], codes.edges[year + 1]) - begin)[take],
        kind=np.where(is_last, kind[row], YEAR)[take],
        purpose=(whole("purpose")[row] * is_last)[take],
        opener=whole("opener")[row][take],
        undocumented=1 - whole("documented")[row][take],
        year=year[take],
        years=np.diff(codes.edges),
    )
    posts = pl.Series([None, None, *codes.post], dtype=pl.String)
    return Batch(
        histories,
        people["person_id"].gather(order),
        whole("step")[row][take],
        begin[take],
        is_wide[row][take],
        posts,
        int(codes.edges[0]),
    )


def _rows(length: Ints, order: Ints) -> Ints:
    """Return the rows of people in another order, each with as many as told."""
    first, taken = np.cumsum(length) - length, length[order]
    return np.repeat(first[order] - (np.cumsum(taken) - taken), taken) + np.arange(taken.sum())


def _number(column: str, codes: Mapping[str, int]) -> pl.Expr:
    known = pl.col(column).replace_strict(codes, default=1, return_dtype=pl.Int64) if codes else pl.lit(1)
    return pl.when(pl.col(column).is_null() | (pl.col(column) == "")).then(0).otherwise(known).alias(column)


def populations(engine: Engine) -> Sequence[tuple[int, int]]:
    """Return each population and how many people it has."""
    return engine.rows(
        "select population, count(*) from subject anti join drawn_person using (person_id) group by 1 order by 1"
    )
