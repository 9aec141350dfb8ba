"""Small cells cannot be recovered from a release, nor from two, by any method; without the protection they can."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from register.engine import Engine
from register.errors import DisclosureError
from register.release import disclose, vintage
from register.release.declaration import Releases, load_releases
from register.release.disclose import Protected, Protection, protect
from register.release.published import publish_cells
from register.release.tables import count_cells
from register.release.universe import Universe, make_universe
from register.schema import load_schema, profile_directory
from tests.attack.attacker import View, attack, recovered

TABLES = ("T01", "T03", "T12")
SECRET = "5" * 64
METHODS = ("round", "suppress", "cell-key")
COUNTRIES = ["COL"] * 6 + ["VEN"] * 5 + ["ECU"] * 3 + ["PER", "USA", "BRA", "ITA", "HTI"]


def people(count: int, seed: int) -> list[dict[str, object]]:
    draw = random.Random(seed)
    return [
        {
            "unit_id": f"event-{seed}-{number}",
            "weight": 1.0,
            "draw": 0,
            "draw_weight": 1.0,
            "linkage": 0,
            "is_final": True,
            "year": draw.choice((2021, 2022)),
            "direction": draw.choice(("immigration", "emigration")),
            "sex": draw.choice("12"),
            "age": draw.choice((5, 15, 30, 40, 50)),
            "citizenship_code": draw.choice(COUNTRIES),
            "counterpart_country_code": draw.choice(COUNTRIES[6:]),
        }
        for number in range(count)
    ]


@pytest.fixture(scope="module")
def releases() -> Releases:
    return load_releases(load_schema(profile_directory() / "schemas"))


def universe_of(releases: Releases, rows: Sequence[Mapping[str, object]], secret: str = SECRET):
    with Engine() as engine:
        engine.con.register("rows", pl.DataFrame(rows).to_arrow())
        engine.run("create temporary table source_migration as select * from rows")
        cells = [
            count_cells(engine, releases, releases.tables[name], {"country": "COL", "linkages": 0}, secret)
            for name in TABLES
        ]
    return cells, make_universe(cells)


def views(cells, universe: Universe, result: Protected, rows: Sequence[Mapping[str, object]]) -> list[View]:
    """What a reader has: the tables, and the people behind them, by which the attack is judged."""
    found = []
    for one in cells:
        published = publish_cells(one, universe.rows[one.table.name], result)
        coded = [
            {
                "unit_id": row["unit_id"],
                "year": str(row["year"]),
                "direction": row["direction"],
                "sex": {"1": "M", "2": "F"}[row["sex"]],
                "child": "Y0T17" if row["age"] < 18 else "Y_GE18",
                "nationality": "NAT" if row["citizenship_code"] == "COL" else "FOR",
                "citizenship": row["citizenship_code"],
                "counterpart": row["counterpart_country_code"],
            }
            for row in rows
            if one.table.name != "T12"
            or (row["citizenship_code"] == "COL" and row["direction"] == "immigration")
        ]
        found.append(View(one.table.dimensions, one.table.within, coded, published.frame))
    return found


def no_release_before(universe: Universe) -> Protected:
    return vintage.unknown(len(universe.figure))


def reach(protection: Protection) -> float:
    return {"round": protection.base - 1.0, "suppress": 0.0, "cell-key": float(protection.base)}[
        protection.method
    ]


@pytest.mark.parametrize("base", [3, 5])
@pytest.mark.parametrize("method", METHODS)
def test_margins_give_nothing_away(releases: Releases, method: str, base: int) -> None:
    rows = people(260, seed=1)
    cells, universe = universe_of(releases, rows)
    protection = Protection(method, 5, base)
    result = protect(universe, TABLES, protection, no_release_before(universe))
    found = attack(
        views(cells, universe, result, rows), reach=reach(protection), threshold=5, zero_is_known=False
    )
    assert len(found) > 50
    assert recovered(found, disclose.need(protection)) == 0


@pytest.mark.parametrize("method", METHODS)
def test_two_releases_give_nothing_away(releases: Releases, method: str) -> None:
    """The second release has three more people in it: what did not change must not tell what did."""
    before, now = people(200, seed=2), people(200, seed=2) + people(3, seed=3)
    protection = Protection(method, 5, 3)
    old_cells, old = universe_of(releases, before)
    first = protect(old, TABLES, protection, no_release_before(old))
    ledger = vintage.Ledger(
        "2024-01",
        old.figure.with_columns(
            pl.Series("value", first.value),
            pl.Series("low", first.low),
            pl.Series("high", first.high),
            pl.Series("attempt", first.attempt),
        ),
        old.sums,
    )
    cells, alone = universe_of(releases, now)
    universe, known = vintage.extend(alone, ledger)
    second = protect(universe, TABLES, protection, known)
    seen = views(old_cells, old, first, before) + views(cells, universe, second, now)
    found = attack(seen, reach=reach(protection), threshold=5, zero_is_known=False)
    assert recovered(found, disclose.need(protection)) == 0


def test_without_protection_the_attack_succeeds(releases: Releases) -> None:
    rows = people(260, seed=1)
    cells, universe = universe_of(releases, rows)
    bare = replace(no_release_before(universe), value=universe.estimate)
    found = attack(views(cells, universe, bare, rows), reach=0.0, threshold=5)
    assert recovered(found, 2.0) == len(found) > 50


def test_without_complementary_cells_the_attack_succeeds(releases: Releases) -> None:
    rows = people(260, seed=1)
    cells, universe = universe_of(releases, rows)
    value = np.where(disclose.is_sensitive(universe, 5), np.nan, universe.estimate)
    primary = replace(no_release_before(universe), value=value)
    found = attack(views(cells, universe, primary, rows), reach=0.0, threshold=5, zero_is_known=False)
    assert recovered(found, 4.0) > 0


def test_the_gate_sees_what_the_attacker_sees(releases: Releases) -> None:
    """The program's own gate stops the two unprotected releases above."""
    _, universe = universe_of(releases, people(260, seed=1))
    protection = Protection("suppress", 5, 3)
    for hidden in (np.zeros(len(universe.figure), bool), disclose.is_sensitive(universe, 5)):
        low, high = disclose.known_bounds(universe.estimate, hidden, universe.is_count)
        result = replace(no_release_before(universe), low=low, high=high)
        with pytest.raises(DisclosureError) as stopped:
            disclose.check_recovery(universe, protection, result)
        assert stopped.value.exit_code == 14


def test_a_fresh_secret_would_give_two_noises_to_one_cell(releases: Releases) -> None:
    """Why record keys are fixed: with another secret the same cell is published twice with different noise."""
    rows = people(260, seed=1)
    protection = Protection("cell-key", 5, 3)
    values = []
    for secret in (SECRET, SECRET, "6" * 64):
        cells, universe = universe_of(releases, rows, secret)
        result = protect(universe, TABLES, protection, no_release_before(universe))
        values.append(publish_cells(cells[1], universe.rows["T03"], result).frame)
    assert values[0].equals(values[1])
    assert not values[0].equals(values[2])


def test_an_unbalanced_table_is_stopped(releases: Releases) -> None:
    _, universe = universe_of(releases, people(100, seed=4))
    value = universe.estimate.copy()
    value[0] += 3
    with pytest.raises(DisclosureError) as stopped:
        disclose.check_additivity(universe, TABLES, replace(no_release_before(universe), value=value))
    assert stopped.value.key == "not_additive"
