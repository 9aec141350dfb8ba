"""The indicators of linkage, on eight people whose links are written down by hand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import polars as pl
import pytest

from register.assess.linkage import linked
from register.engine import Engine
from tests.unit.test_assess_parts import INDICATORS

# Crossings know p1 to p6, visas p1 to p4 and p8, of whom p4 has two visas.
# What the two say of sex: p1 1-1, p2 1-1, p3 2-2, p4 2-1.
MEMBERS = [
    *(("crossings", f"c{n}", f"p{n}") for n in (1, 2, 3, 4, 5, 6)),
    *(("visas", f"v{n}", f"p{n}") for n in (1, 2, 3, 4, 8)),
    ("visas", "v4b", "p4"),
]
SEX = {"c1": "1", "c2": "1", "c3": "2", "c4": "2", "v1": "1", "v2": "1", "v3": "2", "v4": "1", "v4b": "1"}
PAIRS = [("c1", "v1", 0.99), ("c2", "v2", 0.97), ("c3", "v3", 0.95), ("c4", "v4", 0.93), ("c5", "v8", 0.16)]
DAYS = {"c1": (1, "arrival"), "c2": (2, "arrival"), "c3": (3, "departure"), "c5": (900, "arrival")}


@pytest.fixture(scope="module")
def found() -> Iterator[dict[tuple[str, str, str], tuple[float, float, float]]]:
    identities = sorted({identity for _, identity, _ in MEMBERS})
    tables = {
        "mention": pl.DataFrame(
            [(f"{source}:{identity}", identity) for source, identity, _ in MEMBERS],
            schema=["record_id", "identity_id"], orient="row",
        ),
        "membership": pl.DataFrame(
            sorted({(identity, person) for _, identity, person in MEMBERS}),
            schema=["identity_id", "person_id"], orient="row",
        ),
        "pair": pl.DataFrame(
            [(*pair, "document") for pair in PAIRS],
            schema=["identity_id_l", "identity_id_r", "match_probability", "match_key"], orient="row",
        ),
        "conflict": pl.DataFrame(schema={"identity_id_l": pl.String, "identity_id_r": pl.String}),
        "identity": pl.DataFrame(
            {
                "identity_id": identities,
                "sex": [SEX.get(identity) for identity in identities],
                "birth_date": [dt.date(1990, 1, 1)] * len(identities),
                **{name: pl.Series([None] * len(identities), dtype=pl.String)
                   for name in ("citizenship_code", "birth_country_code", "department_code")},
            }
        ),
        "person": pl.DataFrame({"person_id": ["p1", "p2", "p3", "p4", "p5", "p6", "p8"], "last_seen_on": [
            dt.date(2020, 1, 1) + dt.timedelta(days) for days in (700, 1, 2, 3, 899, 5, 6)]}),
        "crossing": pl.DataFrame(
            [("crossings", f"crossings:{i}", dt.datetime(2020, 1, 1, 12) + dt.timedelta(day - 1), way, "X")
             for i, (day, way) in DAYS.items()],
            schema=["declaration", "record_id", "crossed_at", "direction", "border_post_code"], orient="row",
        ),
    }  # fmt: skip
    with Engine() as engine:
        for name, frame in tables.items():
            engine.con.register(f"__{name}", frame.to_arrow())
            engine.run(f'create table "{name}" as select * from "__{name}"')
        rows = linked(engine, INDICATORS, ["crossings", "visas", "absent"], ["crossings"])
        yield {(source, row[2], row[1]): row[3:] for source, row in rows if row[0] == "_T"}


def test_link_rate_and_signs_of_life(found: dict[tuple[str, str, str], tuple[float, float, float]]) -> None:
    assert found["crossings", "link_rate", "_T"][1:] == (4, 6)
    assert found["visas", "link_rate", "_T"][1:] == (4, 5)
    # p5 and p6 crossed once and stand nowhere else; so does p8 among the visas.
    assert found["crossings", "no_sign_of_life", "_T"][1:] == (2, 6)
    assert found["visas", "no_sign_of_life", "_T"][1:] == (1, 5)


def test_precision_and_recall_are_what_the_probabilities_promise(
    found: dict[tuple[str, str, str], tuple[float, float, float]],
) -> None:
    # Four linked pairs: .99 + .97 + .95 + .93 = 3.84 of 4; the fifth pair, not linked, holds .16 of 4.00 in all.
    assert found["visas", "link_precision", "_T"][0] == pytest.approx(0.96)
    assert found["visas", "link_recall", "_T"][0] == pytest.approx(0.96)


def test_coverage_and_its_correction(found: dict[tuple[str, str, str], tuple[float, float, float]]) -> None:
    assert found["crossings", "coverage", "against.visas"][1:] == (4, 5)
    # Links that are wrong and links that were missed cancel out: 4 * .96 / .96.
    assert found["crossings", "coverage_corrected", "against.visas"][0] == pytest.approx(0.8)
    assert found["visas", "coverage", "against.crossings"][1:] == (4, 6)


def test_people_of_two_sources_and_of_neither(
    found: dict[tuple[str, str, str], tuple[float, float, float]],
) -> None:
    # Of 4 links .16 are false, .08 of each of the 2 who are in the first list alone; so (4 - .08 * 6) / (.96 - .08) = 4
    # are in both, and 6 * 5 / 4 = 7.5 people there are.
    assert found["crossings", "dual_system", "against.visas"] == (pytest.approx(7.5), pytest.approx(4), 6)
    low, high = (found["crossings", f"dual_system_{end}", "against.visas"][0] for end in ("low", "high"))
    assert 6 <= low < 7.5 < high
    assert ("visas", "dual_system", "against.crossings") not in found


def test_kappa(found: dict[tuple[str, str, str], tuple[float, float, float]]) -> None:
    # Three of four agree. Crossings say 1 and 2 twice each, visas 1 three times and 2 once: by chance
    # 2/4 * 3/4 + 2/4 * 1/4 = .5 agree. Kappa = (.75 - .5) / (1 - .5) = .5.
    assert found["crossings", "agreement", "sex"] == (pytest.approx(0.5), 3, 4)
    # All have one birth date: agreement is whole and nothing is expected of chance.
    assert found["crossings", "agreement", "birth_date"] == (1.0, 4, 4)
    assert ("crossings", "agreement", "citizenship_code") not in found


def test_entries_that_no_record_of_the_person_follows(
    found: dict[tuple[str, str, str], tuple[float, float, float]],
) -> None:
    # Entries of p1 and p2 in 2020, that of p5 is too young. p1 was seen in 2021, p2 never again.
    assert found["crossings", "entries_unanswered_linked", "_T"][1:] == (1, 2)


def test_a_source_that_the_run_does_not_have_gives_nothing(
    found: dict[tuple[str, str, str], tuple[float, float, float]],
) -> None:
    assert not [key for key in found if key[0] == "absent"]
