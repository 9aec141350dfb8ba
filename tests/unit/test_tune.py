"""What other rules would do: what a trial says on a sample is what a build with these rules does."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pytest
from kit.linkage import rules

from register.errors import RegisterError, UsageError
from register.link.itinerary import load_itinerary
from register.link.predict import predict
from register.link.resolve import resolve
from register.link.rules import parameters
from register.linked import rules_of
from register.project import Project
from register.run import find_run
from register.tables import open_tables
from register.tune.changes import apply, load_proposed, read_change
from register.tune.run import Tuning, tune
from tests.cli.test_commands import run
from tests.kit.release import built_project

EVERYBODY = 10**6
PROPOSED = ("threshold.link=16", "block.1=off", "weight.sex.other=-7")


def changed(*written: str) -> Tuning:
    return tune(built_project(), changes=[read_change(one) for one in written], persons=EVERYBODY)


@pytest.fixture(scope="module")
def project() -> Project:
    """A small synthetic country. Read it only."""
    return built_project()


# --- settings -----------------------------------------------------------------------------------------------------


def proposed(*written: str):
    return apply(rules(), [read_change(one) for one in written])


def test_thresholds_and_the_prior() -> None:
    found = proposed("threshold.link=13", "threshold.review = 2,5", "matches_per_identity=1.5")
    assert (found.link, found.review) == (13.0, 2.5)
    assert found.weights is not None
    assert found.weights.matches_per_identity == 1.5
    assert rules().link == 8.0, "the rules at hand stay as they are"


@pytest.mark.parametrize(
    ("bits", "m", "u"), [(4.0, 0.6145, 0.6145 / 16), (-3.0, 0.125, 1.0), (0.0, 0.6145, 0.6145)]
)
def test_a_weight_in_bits_is_the_ratio_of_m_and_u(bits: float, m: float, u: float) -> None:
    found = proposed(f"weight.surname_1.exact={bits}")
    compare = next(c for c in found.compares if c.concept == "surname_1")
    assert parameters(found, compare, "exact") == pytest.approx((m, u))
    assert parameters(found, compare, "typo") == parameters(rules(), compare, "typo")


def test_the_level_for_what_does_not_agree_has_a_weight_too() -> None:
    found = proposed("weight.birth_date.other=-9", "weight.surname_1.within_0.9=1")
    date, surname = (
        next(c for c in found.compares if c.concept == name) for name in ("birth_date", "surname_1")
    )
    for compare, level, bits in ((date, "other", -9), (surname, "within_0.9", 1)):
        m, u = parameters(found, compare, level)
        assert m is not None
        assert u is not None
        assert m / u == pytest.approx(2.0**bits)


def test_blocks_keep_their_numbers_and_levels_and_rarity_can_go() -> None:
    found = proposed("block.1=off", "block.3=off", "block.add=birth_date.year + given_key = surname_1_key")
    names = [block.name for block in rules().blocks]
    kept = [block.name for block in found.blocks]
    assert kept == [names[1], *names[3:], "birth_date.year + given_key=surname_1_key"]
    found = proposed("level.given_name.initial=off", "rare.given_name=off")
    compare = next(c for c in found.compares if c.concept == "given_name")
    assert "initial" not in [level.name for level in compare.levels]
    assert not compare.rare_values


@pytest.mark.parametrize(
    ("setting", "key"),
    [
        ("threshold.link", "tune_setting"),
        ("threshold.link=high", "tune_number"),
        ("matches_per_identity=0", "tune_number"),
        ("treshold.link=3", "tune_key"),
        ("block.99=off", "tune_key"),
        ("block.1=perhaps", "tune_switch"),
        ("weight.surnam_1.exact=3", "tune_concept"),
        ("weight.surname_1.exactly=3", "tune_level"),
        ("level.surname_1.other=off", "tune_last_level"),
        ("level.sex.exact=off", "tune_last_level"),
        ("block.add=birth_date.century", "unknown_key"),
    ],
)
def test_a_setting_that_cannot_be_meant(setting: str, key: str) -> None:
    with pytest.raises(RegisterError) as refused:
        proposed(setting)
    assert refused.value.key == key


def test_something_must_be_compared() -> None:
    with pytest.raises(UsageError) as refused:
        proposed(*(f"block.{number}=off" for number, _ in enumerate(rules().blocks, 1)))
    assert refused.value.key == "tune_no_blocks"


def test_a_file_without_weights_takes_those_at_hand(tmp_path: Path) -> None:
    text = rules().path.read_text("utf-8")
    assert '  { level = "truncated", m = 0.003, u = 1e-4 },\n' in text
    path = tmp_path / "mine.toml"
    path.write_text(
        text.replace('  { level = "truncated", m = 0.003, u = 1e-4 },\n', "").replace(
            "link = 8.0", "link = 9"
        )
    )
    found = load_proposed(path, rules())
    assert found.link == 9
    assert found.frequencies_path == rules().frequencies_path
    assert found.weights is not None
    assert "truncated" not in found.weights.levels["surname_1"]


# --- the trial ----------------------------------------------------------------------------------------------------


def partition(rows: Iterable[tuple[str, str]]) -> set[frozenset[str]]:
    groups: dict[str, set[str]] = {}
    for identity, person in rows:
        groups.setdefault(person, set()).add(identity)
    return {frozenset(group) for group in groups.values()}


@pytest.fixture(scope="module")
def whole(project: Project) -> Tuning:
    """The proposal, tried on everybody."""
    return changed(*PROPOSED)


def test_a_trial_on_everybody_is_what_a_build_would_do(project: Project, whole: Tuning) -> None:
    run_of = find_run(project.runs)
    rules_now = rules_of(project, run_of)
    with open_tables(project, run_of) as engine:
        before = dict(engine.rows("select identity_id, person_id from membership"))
        pairs = {
            tuple(row)
            for row in engine.rows(
                f"select identity_id_l, identity_id_r from pair where match_weight >= {rules_now.link}"
            )
        }
        for name in ("membership", "person"):
            engine.run(f"create table previous_{name} as from {name}")
        for name in ("pair", "membership", "person", "conflict", "person_change", "compared"):
            engine.run(f"drop view {name}")
        new = apply(rules_now, [read_change(one) for one in PROPOSED])
        predict(engine.con, new)
        resolve(engine.con, new, load_itinerary(project.linkage_rules / "itinerary.toml"), project.secret())
        after = dict(engine.rows("select identity_id, person_id from membership"))
        linked = {
            tuple(row)
            for row in engine.rows(
                f"select identity_id_l, identity_id_r from pair where match_weight >= {new.link}"
            )
        }
    outcome = whole.outcome
    assert whole.sample.share == 1
    assert (outcome.linked, outcome.unlinked) == (len(linked - pairs), len(pairs - linked))
    assert whole.persons == (len(set(before.values())), len(set(after.values())))
    was, now = partition(before.items()), partition(after.items())
    split = {group for group in was - now if any(part < group for part in now)}
    merged = {group for group in now - was if any(part < group for part in was)}
    assert outcome.split == len(split) > 3
    assert outcome.merged == len(merged)
    told = {
        frozenset(i for i, p in before.items() if p in group.before)
        for group in outcome.groups
        if group.kind == "split"
    }
    assert told <= split


def test_a_sample_says_of_its_persons_what_the_whole_says(project: Project, whole: Tuning) -> None:
    sampled = tune(project, changes=[read_change(one) for one in PROPOSED], persons=700)
    assert 0.3 < sampled.sample.share < 0.7
    with open_tables(project, find_run(project.runs)) as engine:
        drawn = {
            row[0]
            for row in engine.rows(
                "select person_id from person order by hash(person_id), person_id limit 700"
            )
        }
    expected = [group for group in whole.outcome.groups if group.before[0] in drawn]
    assert len(expected) > 1
    key = lambda group: (group.before, group.after, group.identities)  # noqa: E731
    assert sorted(map(key, sampled.outcome.groups)) == sorted(map(key, expected))


def test_the_same_rules_change_nothing(project: Project) -> None:
    found = tune(project, rules=project.linkage_rules / "people.toml", persons=300)
    outcome = found.outcome
    assert (outcome.linked, outcome.unlinked, outcome.merged, outcome.split, outcome.mixed) == (0, 0, 0, 0, 0)
    assert outcome.flows == []
    assert found.comparisons[0] == found.comparisons[1]


def test_a_lower_threshold_links_more_and_reaches_out_of_the_sample(project: Project) -> None:
    found = tune(project, changes=[read_change("threshold.link=1")], persons=300)
    assert found.outcome.linked > 0
    assert found.outcome.unlinked == 0
    assert all(row.after is not None and row.after >= 1 for row in found.outcome.pairs)


def test_nothing_is_written(project: Project) -> None:
    def state() -> dict[str, tuple[int, int]]:
        return {
            str(p): (p.stat().st_mtime_ns, p.stat().st_size) for p in project.root.rglob("*") if p.is_file()
        }

    before = state()
    ran = run("-C", str(project.root), "--json", "tune", "--set", "threshold.link=12", "--sample", "100")
    assert ran.code == 0
    told = json.loads(ran.out)
    assert told["changes"] == ["threshold.link=12"]
    assert told["link"] == {"before": 8.0, "after": 12.0}
    assert state() == before


@pytest.mark.parametrize(
    ("arguments", "key", "code"),
    [
        ([], "tune_nothing", 2),
        (["--set", "colour=red"], "tune_key", 2),
        (["--set", "threshold.link=3", "--sample", "0"], "tune_number", 2),
        (["--rules", "nowhere.toml"], "no_such_file", 2),
        (["--set", "block.add=sex"], "linkage_comparisons", 13),
    ],
)
def test_what_cannot_be_tried(project: Project, arguments: list[str], key: str, code: int) -> None:
    ran = run("-C", str(project.root), "--json", "tune", *arguments)
    assert json.loads(ran.out)["error"] == key
    assert ran.code == code
