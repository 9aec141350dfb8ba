"""Completes the register: m draws of the crossings that nobody wrote down.

The draws share everything that is certain. Only people whose draws differ where it can matter are taken through the
rule m times (``completion``); a figure is the mean over draws, and the spread of the draws is its error for what is
missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from register.engine import Engine
from register.estimate.chain import (
    AWAY,
    DEATH,
    END,
    FORMS,
    HOME,
    TRIP,
    VISIT,
    Flags,
    Histories,
    Kind,
    Lives,
)
from register.estimate.figures import flow_figures, stock_figures
from register.estimate.fit import UNLIKELY, fit
from register.estimate.histories import Batch, Codes, populations, read_batch, read_codes
from register.estimate.kinds import MODELS
from register.estimate.sampler import Sampler
from register.rules.residence import bind, create_tables

if TYPE_CHECKING:
    from register.rules.residence import Parameters

#: People from whom the numbers of a population are estimated; people drawn at a time.
SAMPLE, BATCH = 6_000, 6_000
#: Movements of completed lives to which the rule is applied at a time, at most.
MOVEMENTS = 1_000_000
#: Added to the population of people whom other linkages make: they tell nothing of its numbers.
DRAWN = 10
#: However seldom people of a kind are seen, at least one in five is told by the others.
MOST_HIDDEN = 0.8
#: Fewer people than this in a population tell nothing of what is missed.
LEAST = 300

MISSED = {
    "draw": pl.Int64,
    "person_id": pl.String,
    "step": pl.Int64,
    "turn": pl.Int64,
    "day": pl.Int64,
    "direction": pl.String,
    "is_wide": pl.Boolean,
    "after_post": pl.String,
}
FIGURES = {"flow": flow_figures, "stock": stock_figures}
UNSEEN = {"draw": pl.Int64, "person_id": pl.String, "turn": pl.Int64}
OPENING = {"draw": pl.Int64, "person_id": pl.String, "status": pl.Int64}


@dataclass
class Completed:
    """How many people of each population have a model, and of those that have too few people for one."""

    people: dict[int, int] = field(default_factory=dict)
    left_out: dict[int, int] = field(default_factory=dict)


def read_sql(name: str, values: dict[str, Any]) -> str:
    """Return the text of one of this package's statements, with its parameters."""
    text = files(__package__).joinpath(f"{name}.sql").read_text("utf-8")
    return bind(FIGURES[name](text) if name in FIGURES else text, values)


def complete(engine: Engine, parameters: Parameters, draws: int, *, is_modelled: bool = True) -> Completed:
    """Make ``observed``, ``subject``, ``missed``, ``opening``, ``unseen``, ``completion`` and ``missing_rate``.

    Parameters
    ----------
    engine
        With the tables of the run until ``initial_status``, the records and the code lists.
    parameters
        Of the rule.
    draws
        How many completed registers to draw. The same register and seed (of the parameters) give the same draws.
    is_modelled
        Without a model every person is completed once, by the legs that the register imputed.
    """
    values, seed = {**parameters.values(), "draws": draws}, parameters.seed
    if not engine.has("presence"):
        create_tables(engine.con, ("presence",), parameters)
    for name in ("observed", "subject"):
        engine.run(f"create or replace temporary table {name} as {read_sql(name, values)}")
    if not engine.has("drawn_person"):
        engine.run("create temporary table drawn_person (person_id varchar)")
    engine.run(
        f"update subject set population = population + {DRAWN} where person_id in (select person_id from drawn_person)"
    )
    for name, columns in (("missed", MISSED), ("opening", OPENING), ("unseen", UNSEEN)):
        engine.con.register("empty", pl.DataFrame(schema=columns).to_arrow())
        engine.run(f"create or replace temporary table {name} as select * from empty")
        engine.con.unregister("empty")
    report = Completed()
    for population, size in populations(engine):
        if size < LEAST or not is_modelled:
            report.left_out[population] = size
            continue
        report.people[population] = size
        codes = read_codes(engine, population)
        sample = _sample(engine, codes, population, size)
        rng = np.random.default_rng([seed, population])
        numbers = fit(sample, codes.sizes, rng, draws, MODELS[population])
        for people in (population, population + DRAWN):
            for batch in _batches(engine, codes, people, size):
                _draw(
                    engine,
                    batch,
                    numbers,
                    len(MODELS[population]),
                    np.random.default_rng([seed, people, len(batch.step)]),
                )
    ((movements,),) = engine.rows("select count(*) from movement")
    values["parts"] = max(1, -(-movements * draws // MOVEMENTS))
    for name in ("completion", "missing_rate"):
        engine.run(f"create or replace temporary table {name} as {read_sql(name, values)}")
    return report


def _sample(engine: Engine, codes: Codes, population: int, size: int) -> Histories:
    """Return the histories from which the numbers of a population are estimated."""
    chosen = f"population = {population}"
    if size > SAMPLE:
        chosen += (
            f" and person_id in (select person_id from subject where population = {population} "
            f"order by turn limit {SAMPLE})"
        )
    return read_batch(engine, codes, chosen).histories


def _batches(engine: Engine, codes: Codes, population: int, size: int) -> Iterator[Batch]:
    pieces = -(-size // BATCH)
    for piece in range(pieces):
        where = f"population = {population}"
        if pieces > 1:
            where += f" and subject.turn % {pieces} = {piece}"
        yield read_batch(engine, codes, where)


def _draw(
    engine: Engine, batch: Batch, numbers: list[list[Kind]], models: int, rng: np.random.Generator
) -> None:
    if not len(batch.histories):
        return
    likely: dict[int, Flags] = {}
    for number, kinds in enumerate(numbers, start=1):
        # The draws of one model differ too little to make a person of a kind that another holds impossible.
        model = number % models
        sampler = Sampler(batch.histories, kinds, likely.get(model))
        likely.setdefault(model, sampler.likely(UNLIKELY))
        lives = sampler.draw(rng)
        _keep(engine, "missed", _missed(batch, lives, number))
        _keep(engine, "unseen", _unseen(batch, sampler, lives, number, rng))
        status = (lives.opened // FORMS == HOME) | (lives.opened // FORMS == TRIP)
        opening = pl.DataFrame({"person_id": batch.person_id, "status": status.astype(np.int64)})
        _keep(engine, "opening", opening.with_columns(pl.lit(number).cast(pl.Int64).alias("draw")))


def _missed(batch: Batch, lives: Lives, number: int) -> pl.DataFrame:
    h, row = batch.histories, lives.row
    target, source = lives.target // FORMS, lives.source // FORMS
    inward = (target == HOME) | ((source == AWAY) & (target == VISIT))
    # The series ends on the first day not observed, and nobody crosses on the day of her death.
    day = np.minimum(lives.day, np.maximum(h.gap[row] - np.isin(h.kind[row], (END, DEATH)), 0))
    return pl.DataFrame(
        {
            "draw": np.full(len(row), number),
            "person_id": batch.person_id.gather(h.person[row]),
            "step": batch.step[row],
            "turn": np.arange(len(row)),
            "day": batch.since[row] + day,
            "direction": np.where(inward, "arrival", "departure"),
            "is_wide": batch.is_wide[row],
            "after_post": batch.posts.gather(h.opener[row]),
        },
        schema=MISSED,
    )


def _unseen(
    batch: Batch, sampler: Sampler, lives: Lives, number: int, rng: np.random.Generator
) -> pl.DataFrame:
    """Return the people of whom there is no record yet, one row each, told by those who were seen late enough.

    Of people who settled on the same day where nobody watched, as long ago and of the same kind, some have not been
    seen since. How many for each who has is geometric (Sanathanan 1972); they are given her life.
    """
    h, person = batch.histories, batch.histories.person[lives.row]
    settles = (lives.source // FORMS == AWAY) & (lives.target // FORMS == HOME)
    ends = h.kind[h.first + h.length - 1] == END
    unknown = batch.step[lives.row] == batch.step[h.first[person]]
    entries = np.flatnonzero(settles & unknown & ends[person] & ~h.is_born[person])
    # The last entry before the first thing seen.
    entries = entries[np.r_[person[entries][1:] != person[entries][:-1], np.full(min(len(entries), 1), True)]]
    who = person[entries]
    day = batch.since[lives.row[entries]] + lives.day[entries] - batch.start
    chance = np.zeros(len(who))
    for kind in range(len(sampler.kinds)):
        mine = lives.kind[who] == kind
        chance[mine] = sampler.passages.silent(kind, h.years)[day[mine], lives.target[entries][mine]]
    copies = rng.geometric(1 - np.minimum(chance, MOST_HIDDEN)) - 1
    return pl.DataFrame(
        {
            "draw": np.full(copies.sum(), number),
            "person_id": batch.person_id.gather(np.repeat(who, copies)),
            "turn": np.arange(copies.sum()),
        },
        schema=UNSEEN,
    )


def _keep(engine: Engine, table: str, frame: pl.DataFrame) -> None:
    engine.con.register("added", frame.to_arrow())
    engine.run(f"insert into {table} by name select * from added")
    engine.con.unregister("added")
