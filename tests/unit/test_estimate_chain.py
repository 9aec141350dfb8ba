"""The model of missing crossings: what it makes of histories worked by hand, and whether it finds what was hidden."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from register.estimate.chain import (
    ARRIVAL,
    AWAY,
    DEPARTURE,
    END,
    FORMS,
    HOME,
    LAPSED,
    RENEWED,
    STATES,
    TRIP,
    VISIT,
    YEAR,
    Histories,
    Ints,
    Kind,
    Lives,
)
from register.estimate.count import count
from register.estimate.fit import choose, fit, resample
from register.estimate.kinds import Guess, Model, Sizes, guess_kind
from register.estimate.passage import STRIDE, Passages, daily, unseen
from register.estimate.sampler import Sampler

SIZES = Sizes(openers=2, origins=1, purposes=1, years=1)
VISITORS = Guess(comes=0.4, travels=0.4, missed=0.02, settles=0.05, lives_here=0.5)


def histories(*lives: list[tuple[int, int]]) -> Histories:
    """Return people from (what was seen, days since the thing before); the longest must come first."""
    steps = [step for life in lives for step in life]
    zeros = np.zeros(len(steps), dtype=np.int64)
    opener = np.concatenate([[0, *([1] * (len(life) - 1))] for life in lives])
    return Histories(
        length=np.array([len(life) for life in lives]),
        origin=np.zeros(len(lives), dtype=np.int64),
        is_born=np.zeros(len(lives), dtype=bool),
        marks=np.full((len(lives), 2), -1),
        gap=np.array([gap for _, gap in steps]),
        kind=np.array([kind for kind, _ in steps]),
        purpose=zeros,
        opener=opener.astype(np.int64),
        undocumented=zeros,
        year=zeros,
        years=np.array([max(sum(gap for _, gap in life) for life in lives)]),
    )


def visitors(missed: float = 0.05) -> Kind:
    """Return people of whom most live abroad and come for ten days, twice a year."""
    kind = guess_kind(VISITORS, SIZES)
    return Kind(**{**vars(kind), "missed": np.full((2, 4), missed), "share": np.ones(1)})


def table(kind: Kind, days: int) -> np.ndarray:
    """Return the chances of each number of days, without a post or a permit before: (days, from, to)."""
    passages, many = Passages([kind], days), np.arange(days + 1)
    cell = passages.cell(0, 0 * many, 0, 1)
    return np.stack([passages.onto(cell, many, np.full(days + 1, goal)) for goal in range(STATES)], axis=-1)


def test_chances_add_up_to_at_most_one_and_lose_what_would_have_been_seen() -> None:
    whole = table(visitors(), 400).sum(axis=-1)
    assert np.all(whole <= 1 + 1e-5)
    assert np.all(np.diff(whole, axis=0) <= 1e-6)


@pytest.mark.parametrize("days", [1, STRIDE - 1, STRIDE, 3 * STRIDE + 5])
def test_the_chances_of_some_days_are_the_powers_of_one_day(days: int) -> None:
    kind = visitors()
    day = daily(kind)[0, 0, 1]
    assert table(kind, 120)[days] == pytest.approx(np.linalg.matrix_power(day, days), rel=1e-4, abs=1e-9)


def test_going_ahead_and_looking_back_tell_the_same_chance() -> None:
    kind = visitors()
    passages = Passages([kind], 400)
    days, state = np.array([3, 70, 365]), np.tile(kind.start.astype(np.float32), (3, 1))
    cell = np.ones(3, dtype=np.int64)
    ahead = passages.ahead(state, cell, days)
    for goal in range(STATES):
        back = passages.onto(cell, days, np.full(3, goal))
        assert (state * back).sum(axis=1) == pytest.approx(ahead[:, goal], rel=1e-4)


def test_the_return_of_a_journey_is_missed_by_its_own_share() -> None:
    """Only returns are missed: of a visitor seen to arrive and then gone silent, the departure is; never an arrival."""
    missed = np.zeros((2, 4))
    missed[:, [VISIT, TRIP]] = 0.2
    kind = Kind(**{**vars(visitors()), "missed": missed})
    seen = histories([(ARRIVAL, 100), (ARRIVAL, 300), (DEPARTURE, 10), (END, 200)])
    rng = np.random.default_rng(11)
    for _ in range(40):
        lives = Sampler(seen, [kind]).draw(rng)
        assert np.isin(lives.source // FORMS, [VISIT, TRIP]).all()
        assert (lives.row == 1).sum() == 1


def by_year(visits: Ints, days: int = 365) -> Histories:
    """Return visitors of ten days, as many in each year as told, all of whom were here for a day when the series began.

    A step marks where each year begins.
    """
    lives = []
    for year, number in enumerate(visits):
        for visit in range(int(number)):
            at = 10 + visit * 300 // int(number)
            life = [(ARRIVAL, 1, 0), (DEPARTURE, 1, 0)]
            life += [(YEAR, days - 2 * (one == 0), one) for one in range(year)]
            life += [(ARRIVAL, at - 2 * (year == 0), year), (DEPARTURE, 10, year)]
            life += [(YEAR, days - at - 10, year)] if year < len(visits) - 1 else []
            life += [(YEAR, days, one) for one in range(year + 1, len(visits) - 1)]
            last = days if year < len(visits) - 1 else days - at - 10
            lives.append([*life, (END, last, len(visits) - 1)])
    lives.sort(key=len, reverse=True)
    plain = histories(*([(kind, gap) for kind, gap, _ in life] for life in lives))
    years = np.array([one for life in lives for _, _, one in life])
    return replace(plain, year=years, years=np.full(len(visits), days))


def test_a_year_with_more_journeys_has_a_rate_of_its_own() -> None:
    visits = np.array([40, 160, 40])
    seen = by_year(visits)
    drawn = fit(seen, replace(SIZES, years=3), np.random.default_rng(12), 2, (Model((VISITORS,)),))
    trend = np.mean([kinds[0].trend[1, :, AWAY, VISIT] for kinds in drawn], axis=0)
    assert trend[1] > 1.3 * max(trend[0], trend[2])
    assert all(kinds[0].trend[:, :, VISIT, AWAY] == pytest.approx(1.0) for kinds in drawn)


def test_first_journeys_are_told_of_those_who_made_one() -> None:
    """Nobody is taken to have stayed unseen: of 180 people all crossed, 60 for the first time in each year."""
    steps = []
    for year in (0, 1, 2):
        life = [(YEAR, 300, one) for one in range(year)] + [(ARRIVAL, 150, year), (DEPARTURE, 10, year)]
        life += [(YEAR, 140 if one == year else 300, one) for one in range(year, 2)]
        steps += [[*life, (END, 300 if year < 2 else 140, 2)]] * 60
    plain = histories(*([(kind, gap) for kind, gap, _ in life] for life in steps))
    first = [
        (np.cumsum([kind == ARRIVAL for kind, *_ in life]) - [kind == ARRIVAL for kind, *_ in life])
        for life in steps
    ]
    seen = replace(
        plain,
        year=np.array([year for life in steps for *_, year in life]),
        opener=np.concatenate(first).astype(np.int64),
        years=np.full(3, 300),
    )
    drawn = fit(seen, replace(SIZES, years=3), np.random.default_rng(12), 2, (Model((VISITORS,)),))
    before, after = np.mean([kinds[0].trend[:, :, AWAY, VISIT] for kinds in drawn], axis=0)
    assert before[0] < before[1] < before[2], "a third, a half and all of those who had not crossed yet"
    assert before[2] > 2 * after[2], "who has crossed does not cross again as soon"


def test_a_visitor_seen_to_arrive_twice_left_soon_after_the_first_arrival() -> None:
    seen = histories([(ARRIVAL, 100), (ARRIVAL, 300), (DEPARTURE, 10), (END, 200)])
    sampler = Sampler(seen, [visitors()])
    rng = np.random.default_rng(1)
    left = []
    for _ in range(300):
        lives = sampler.draw(rng)
        inside = lives.row == 1
        # Whatever lies between, an odd number of crossings was missed.
        assert inside.sum() % 2 == 1
        left.append(int(lives.day[inside][0]))
    assert np.median(left) < 40


def test_a_history_that_alternates_needs_no_missed_crossing() -> None:
    seen = histories([(ARRIVAL, 100), (DEPARTURE, 10), (ARRIVAL, 200), (DEPARTURE, 8), (END, 300)])
    sampler = Sampler(seen, [visitors(0.001)])
    rng = np.random.default_rng(2)
    assert sum(len(sampler.draw(rng).row) for _ in range(50)) <= 2


def test_states_and_missed_crossings_lead_into_one_another() -> None:
    seen = histories([(ARRIVAL, 50), (ARRIVAL, 400), (DEPARTURE, 30), (DEPARTURE, 500), (END, 100)])
    sampler = Sampler(seen, [visitors()])
    rng = np.random.default_rng(3)
    for _ in range(100):
        lives = sampler.draw(rng)
        state = lives.opened[0]
        for row in range(len(seen.gap)):
            for at in np.flatnonzero(lives.row == row):
                assert lives.source[at] == state
                assert 0 < lives.day[at] <= seen.gap[row]
                state = lives.target[at]
            assert lives.before[row] == state
            state = lives.after[row]


def test_swapping_the_directions_swaps_the_sides() -> None:
    rng = np.random.default_rng(4)
    seen = histories([(ARRIVAL, 900), (END, 700)])
    settled = np.mean([Sampler(seen, [visitors()]).draw(rng).after[0] // FORMS == HOME for _ in range(200)])
    gone = np.mean(
        [
            Sampler(histories([(DEPARTURE, 900), (END, 700)]), [visitors()]).draw(rng).after[0] // FORMS
            == AWAY
            for _ in range(200)
        ]
    )
    assert settled > 0.5
    assert gone > 0.5


def test_a_person_is_followed_only_as_the_kinds_she_may_be_of() -> None:
    """What the other pairs tell does not change: each person as each kind is filtered by herself."""
    seen = travel(np.random.default_rng(13), 30, 0.05)
    kinds = [visitors(), guess_kind(replace(VISITORS, comes=4.0), SIZES)]
    whole = Sampler(seen, kinds)
    likely = whole.likely(0.5)
    assert (likely.sum(axis=1) == 1).all()
    assert 0 < likely[:, 0].sum() < len(seen)
    few = Sampler(seen, kinds, likely)
    assert few.weight[likely] == pytest.approx(whole.weight[likely])
    assert np.isneginf(few.weight[~likely]).all()
    lives = few.draw(np.random.default_rng(14))
    assert likely[np.arange(len(seen)), lives.kind].all()


def travel(rng: np.random.Generator, people: int, missed: float) -> Histories:
    """Return visitors who come for some days again and again, with some crossings not written down."""
    lives = []
    for _ in range(people):
        day, last, steps, inside = 0.0, 0.0, [], False
        while True:
            day += rng.exponential(10 if inside else 120) + 1
            if day >= 1500:
                break
            inside = not inside
            if rng.random() >= missed:
                steps.append((ARRIVAL if inside else DEPARTURE, int(day) - int(last)))
                last = day
        lives.append([*steps, (END, 1500 - int(last))])
    return histories(*sorted(lives, key=len, reverse=True))


@pytest.mark.parametrize("missed", [0.02, 0.15])
def test_the_share_of_missed_crossings_is_found_from_broken_alternation(missed: float) -> None:
    seen = travel(np.random.default_rng(5), 250, missed)
    drawn = fit(seen, SIZES, np.random.default_rng(6), 3, (Model((VISITORS,)),))
    found = np.mean([kinds[0].missed[1] for kinds in drawn])
    assert found == pytest.approx(missed, abs=0.02)


def test_counting_loses_no_day_and_no_crossing() -> None:
    seen = travel(np.random.default_rng(7), 60, 0.1)
    kinds = [visitors()]
    lives = Sampler(seen, kinds).draw(np.random.default_rng(8))
    new = count(seen, kinds, lives)[0]
    crossings = int((seen.kind <= DEPARTURE).sum()) + len(lives.row)
    days = seen.gap.sum() + 0.5 * len(seen.gap)
    leaving = new.rate.sum(axis=1)
    assert leaving.shape == (STATES,)
    assert 0 < leaving[FORMS * VISIT] < 1
    assert crossings / days == pytest.approx(2 / 131, rel=0.15)


def test_nothing_that_may_happen_is_held_impossible_because_it_was_not_seen() -> None:
    h = histories([(ARRIVAL, 10), (DEPARTURE, 20), (END, 300)], [(ARRIVAL, 5), (END, 400)])
    rng = np.random.default_rng(4)
    kind = visitors()
    for _ in range(40):
        (kind,) = count(h, [kind], Sampler(h, [kind]).draw(rng), rng)
    for rates in (kind.first_permit, kind.act, kind.death):
        assert (rates > 0).all()
    assert (kind.rate[visitors().rate > 0] > 0).all()


def test_people_without_a_record_are_counted_by_the_chance_of_having_none() -> None:
    """Of people who stay away for exponential times, e^(-rate T) are never seen: as many as the rest times odds."""
    kind = visitors(missed=1e-4)
    rate = np.zeros_like(kind.rate)
    rate[FORMS * AWAY : FORMS * AWAY + FORMS, FORMS * VISIT] = 0.001
    rate[FORMS * VISIT, FORMS * AWAY] = 0.1
    start = np.repeat([0.5, 0.0, 0.0, 0.0], FORMS)
    nothing = np.zeros(STATES)
    kind = Kind(**{**vars(kind), "rate": rate, "start": start, "first_permit": nothing})
    years = np.array([400, 365, 235])
    kind = replace(kind, trend=np.ones((2, 3, 4, 4)))
    found = unseen(kind, Passages([kind], 400), 0, years)
    chance = np.exp(-1.0)
    assert found.ratio == pytest.approx(chance / (1 - chance), rel=1e-2)
    assert found.days.sum() == pytest.approx(1000, rel=1e-3)
    assert found.days.sum(axis=1) == pytest.approx(years, rel=1e-3)
    assert found.days[:, : FORMS * (AWAY + 1)].sum() > 999


def test_whether_the_unwatched_renew_their_permits_is_told_by_those_who_are_watched() -> None:
    """Of ten residents who are watched eight renewed; whoever else let a permit run out may have left unseen."""
    seen = histories(*[[(RENEWED, 400), (END, 9)]] * 8, *[[(LAPSED, 400), (END, 9)]] * 12)
    watched = visitors()
    kinds = [watched, replace(watched, is_watched=False, missed=np.full((2, 4), 0.6))]
    here, none = np.full(len(seen.gap), FORMS * HOME), np.zeros(0, dtype=np.int64)
    kind = np.repeat([0, 1], 10)
    lives = Lives(kind, np.full(20, FORMS * HOME), here, here, none, none, none, none)
    for found in count(seen, kinds, lives):
        assert 0.1 < found.lapsed[FORMS * HOME] < 0.3


def test_drawing_people_again_keeps_each_history_whole() -> None:
    seen = travel(np.random.default_rng(9), 40, 0.1)
    again = choose(seen, resample(len(seen), np.random.default_rng(10)))
    assert len(again) == len(seen)
    assert np.all(np.diff(again.length) <= 0)
    whole = {tuple(seen.gap[first : first + n]) for first, n in zip(seen.first, seen.length, strict=True)}
    assert {
        tuple(again.gap[first : first + n]) for first, n in zip(again.first, again.length, strict=True)
    } <= whole
