"""Measures in SQL against the same measures written as a walk over a list."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from register.assess.assess import CROSSINGS
from register.assess.borders import crossings
from register.assess.declaration import load_indicators
from register.assess.gauge import FACT
from register.assess.measures import births, documents, duplicates
from register.engine import Engine
from register.schema import load_schema, profile_directory

INDICATORS = load_indicators(load_schema(profile_directory() / "schemas"))
START = dt.datetime(2020, 1, 1, 12)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(threads=1) as engine:
        yield engine


def facts(engine: Engine, rows: list[dict[str, object]]) -> None:
    """Let SQL read facts of which only some columns are given."""
    frame = pl.DataFrame([{**dict.fromkeys(FACT), "role": 0, **row} for row in rows], schema=FACT)
    engine.con.register("__fact", frame.to_arrow())
    engine.run("create or replace temp view fact as select * from __fact")


MOMENTS = st.integers(0, 1500).map(lambda days: START + dt.timedelta(days=days))
JOURNEYS = st.lists(
    st.tuples(
        st.integers(1, 4),  # who, each with a document of his own
        MOMENTS,
        st.sampled_from(["arrival", "departure"]),
        st.sampled_from(["A", "B", None]),
    ),
    min_size=1,
    max_size=25,
    unique_by=lambda row: (row[0], row[1]),
)


@given(JOURNEYS)
@settings(max_examples=25, deadline=None)
def test_alternation_and_unanswered_entries(
    engine: Engine, journeys: list[tuple[int, dt.datetime, str, str | None]]
) -> None:
    facts(
        engine,
        [
            {"document": who, "moment": moment, "direction": way, "post": post, "year": moment.year}
            for who, moment, way, post in journeys
        ],
    )
    list(documents(engine))
    found = {(row[2], row[1], row[0]): row[4:] for row in crossings(engine, INDICATORS, CROSSINGS)}
    good: Counter[tuple[str, str]] = Counter()
    steps: Counter[tuple[str, str]] = Counter()
    last = entries = 0
    old = max(moment for _, moment, *_ in journeys) - dt.timedelta(days=365)
    for who in {row[0] for row in journeys}:
        own = sorted(row[1:] for row in journeys if row[0] == who)
        for at, (moment, way, post) in enumerate(own):
            if way == "arrival" and moment < old:
                entries += 1
                last += at == len(own) - 1
            if at:
                for place in ("_T", f"post.{post or '_U'}"):
                    for period in ("_T", str(moment.year)):
                        steps[place, period] += 1
                        good[place, period] += way != own[at - 1][1]
    told = {key[1:]: value for key, value in found.items() if key[0] == "alternation"}
    assert told == {key: (good[key], n) for key, n in steps.items()}
    assert found.get(("entries_unanswered", "_T", "_T"), (0, 0)) == (last, entries)


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 3)), min_size=1, max_size=15))
@settings(max_examples=25, deadline=None)
def test_duplicates(engine: Engine, rows: list[tuple[int, int]]) -> None:
    facts(engine, [{"key": key, "content": content, "moment": START, "year": 2020} for key, content in rows])
    found = {row[2]: row[4:] for row in duplicates(engine) if row[0] == "_T"}
    distinct = set(rows)
    assert found["duplicate_rows"] == (len(rows) - len(distinct), len(rows))
    # Every content of a key beyond the first is another record under a key that was used; every key of a content
    # beyond the first is the event keyed again.
    assert found["reused_keys"] == (len(distinct) - len({key for key, _ in distinct}), len(rows))
    assert found["repeated_events"] == (len(distinct) - len({content for _, content in distinct}), len(rows))


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), max_size=15))
@settings(max_examples=25, deadline=None)
def test_documents_and_persons(engine: Engine, rows: list[tuple[int, int]]) -> None:
    facts(engine, [{"person": person, "document": document} for person, document in rows])
    found = {row[2]: row[4:] for row in documents(engine)}
    pairs = set(rows)
    names = Counter(document for _, document in pairs)
    if pairs:
        assert found["documents_per_person"] == (len(pairs), len({person for person, _ in pairs}))
        assert found["persons_per_document"] == (len(pairs), len(names))
        assert found["documents_shared"] == (sum(n > 1 for n in names.values()), len(names))
    # People who stand under one document are one before linkage.
    label = dict(engine.rows("select person, who from label_person"))
    for one in pairs:
        for other in pairs:
            if one[1] == other[1]:
                first = min(person for person, document in pairs if document == one[1])
                assert label[one[0]] <= first


BIRTHS = st.dates(dt.date(1930, 1, 1), dt.date(2019, 12, 31))


@given(st.lists(st.tuples(BIRTHS, MOMENTS, st.booleans()), min_size=1, max_size=20))
@settings(max_examples=25, deadline=None)
def test_ages_and_birthdays(engine: Engine, rows: list[tuple[dt.date, dt.datetime, bool]]) -> None:
    people = dict(enumerate(rows))
    facts(
        engine,
        [
            {"person": who, "birth": birth, "moment": moment, "year": moment.year, "is_full": is_full}
            for who, (birth, moment, is_full) in people.items()
        ],
    )
    found = {row[2]: row[4:] for row in births(engine, ["self"]) if row[0] == "_T"}
    full = [birth for birth, _, is_full in rows if is_full]
    assert found.get("born_1_january", (0, 0)) == (sum((b.month, b.day) == (1, 1) for b in full), len(full))
    ages = [m.year - b.year - ((m.month, m.day) < (b.month, b.day)) for b, m, _ in rows]
    adults = [age for age in ages if 23 <= age <= 62]
    assert found.get("whipple", (0, 0)) == (sum(age % 5 == 0 for age in adults), len(adults))
