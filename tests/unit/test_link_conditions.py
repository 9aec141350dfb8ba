"""Conditions that are computed a cheaper way than they are said, against the plain way."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import product
from random import Random

import duckdb
import polars as pl
from kit.linkage import rules

from register.link.conditions import BY, SHORTEST, document_slots
from register.link.forms import divide, ends_sql, near_sql
from register.link.rules import Block

LETTERS = "ABÑ"


def edited(word: bytes, signs: bytes) -> set[bytes]:
    """All that one sign more, less or other, or two neighbours exchanged, makes of a word; and the word."""
    cuts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    each = [bytes([sign]) for sign in signs]
    return {
        word,
        *(head + tail[1:] for head, tail in cuts),
        *(head + sign + tail for head, tail in cuts for sign in each),
        *(head + sign + tail[1:] for head, tail in cuts if tail for sign in each),
        *(head + tail[1:2] + tail[:1] + tail[2:] for head, tail in cuts if len(tail) > 1),
    }


def alike(concept: str, kind: str, values: list[object], word: str = "typo") -> set[tuple[object, object]]:
    """The pairs of values at a level of a comparison, whatever the levels above it."""
    compare = next(known for known in rules().compares if known.concept == concept)
    level = next(known for known in compare.levels if known.word == word)
    con = duckdb.connect()
    con.execute(f"create table told ({concept} {kind}, birth_date_precision varchar)")
    con.executemany("insert into told values (?, 'day')", [[value] for value in values])
    sides = ", ".join(
        f"{side}.{column} as {column}_{side}" for side in "lr" for column in (concept, "birth_date_precision")
    )
    _, condition = BY[compare.by]
    return set(
        con.execute(
            f"select {concept}_l, {concept}_r from (select {sides} from told as l, told as r)"
            f" where {condition(compare, level)}"
        ).fetchall()
    )


def test_a_typo_in_a_name_is_one_edit() -> None:
    words = ["".join(word) for many in range(5) for word in product(LETTERS, repeat=many)]
    made = {word: edited(word.encode(), LETTERS.encode()) for word in words}
    expected = {(one, other) for one in words for other in words if other.encode() in made[one]}
    assert alike("surname_1", "varchar", list(words)) == expected


def test_a_typo_in_a_date_is_one_edit_of_its_eight_digits() -> None:
    chance = Random(1)
    near = [date(1989, 12, 20) + timedelta(days=day) for day in range(30)]
    days = sorted({*near, *(date(1900, 1, 1) + timedelta(days=chance.randrange(45_000)) for _ in range(400))})
    digits = {day: f"{day:%Y%m%d}".encode() for day in days}
    made = {day: edited(digits[day], b"0123456789") for day in days}
    heaped = {day for day in days if (day.month, day.day) == (1, 1)}
    expected = {
        (one, other)
        for one in days
        for other in days
        if digits[other] in made[one] and not {one, other} <= heaped
    }
    assert alike("birth_date", "date", list(days)) == expected


def test_two_first_of_january_tell_no_more_than_their_years() -> None:
    """An office writes the day where it knows the year: another year mistyped is alike, any other year is not."""
    days = [date(1968, 1, 1), date(1986, 1, 1), date(2006, 1, 1), date(1968, 5, 3), date(2006, 5, 3)]
    found = alike("birth_date", "date", list(days), "same_day")
    assert {(one, other) for one, other in found if one < other} == {
        (date(1968, 1, 1), date(1986, 1, 1)),
        (date(1968, 5, 3), date(2006, 5, 3)),
    }


def test_documents_one_edit_apart_are_near() -> None:
    """Only near ones are weighed where the names alone would not do: none that is a typing error may be missed."""
    chance = Random(2)
    made = ["".join(chance.choices("AB12", k=chance.randrange(5, 10))) for _ in range(60)]
    pairs = sorted(
        {
            (number, other.decode())
            for number in made
            for other in edited(number.encode(), b"AB12")
            if len(other) >= SHORTEST
        }
    )
    _, beside = divide(rules())
    # The second document of one is the typing error in the first of the other: each is held against each.
    rows = [
        row
        for turn, (one, other) in enumerate(pairs)
        for row in ((turn, "l", one, None), (turn, "r", "99999", other))
    ]
    document = next(compare for compare in beside if compare.by == "document")
    numbers = [number for _, number, _ in document_slots(document)]
    told = pl.DataFrame(rows, schema=["turn", "side", *numbers], orient="row")
    con = duckdb.connect()
    con.register("told", told.to_arrow())
    con.execute(
        f"create table ends as select *, {ends_sql(beside, 'left')} as heads, {ends_sql(beside, 'right')} as tails"
        " from told"
    )
    missed = con.execute(
        f"select turn from ends as l join ends as r using (turn) where l.side = 'l' and r.side = 'r'"
        f" and not {near_sql('l', 'r')}"
    ).fetchall()
    assert not missed
    apart = con.execute(
        f"select count(*) filter ({near_sql('l', 'r')}) / count(*) from ends as l join ends as r"
        " on l.side = 'l' and r.side = 'r'"
    ).fetchall()[0][0]
    assert apart < 0.7


def test_no_way_of_a_shipped_block_finds_only_what_another_finds() -> None:
    """Whatever agrees on a column agrees on its parts: a block that asks for more than another finds nothing."""
    wider = {"year_month": {"year"}, "first_3": {"first_1"}}

    def ways(block: Block) -> list[tuple[tuple[str, str], ...]]:
        return [(*block.on, term) for term in block.also] or [block.on]

    def implies(term: tuple[str, str], other: tuple[str, str]) -> bool:
        if term == other:
            return True
        (one, _, part), (looser, _, wide) = term[0].partition("."), other[0].partition(".")
        return (
            term[0] == term[1]
            and other[0] == other[1]
            and one == looser
            and (not part or wide in wider.get(part, ()))
        )

    every = [way for block in rules().blocks for way in ways(block)]
    idle = [
        (way, other)
        for way, other in product(every, repeat=2)
        if way is not other and all(any(implies(term, asked) for term in way) for asked in other)
    ]
    assert idle == []
