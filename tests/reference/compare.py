"""Random histories, ruled on by the SQL in one pass and by the naive reference one by one.

    python -m tests.reference.compare --histories 200000

compares that many for every preset and some small rules, alternating and broken, with cut-offs everywhere, and prints
how many differ. The property tests do the same with fewer.
"""

from __future__ import annotations

import argparse
import datetime as dt
import random
import time

import polars as pl

from register.rules.classify import classify
from register.rules.residence import PRESETS, Rule
from tests.reference.residence import ARRIVAL, DEPARTURE, Crossing, History, in_order

FIRST_DAY = dt.date(2000, 1, 1)
RULES = (
    *PRESETS.values(),
    Rule(8, 10),
    Rule(6, 10),
    Rule(10, 10),
    Rule(30, 40),
    Rule(21, 40),
    Rule(2, 2),
    Rule(1, 1),
)

Ruling = tuple[int | None, int | None, bool | None, int | None]


def random_history(source: random.Random, window: int) -> list[Crossing]:
    """Return crossings at gaps from none to about the window.

    In three of ten histories some legs are missing, in one of ten a crossing is repeated, two of ten are not in order.
    """
    day = source.randrange(50)
    arrives = source.random() < 0.5
    mean = source.choice([window / 30, window / 10, window / 4, window / 2, window])
    is_broken = source.random() < 0.3
    crossings = []
    for _ in range(source.choice([1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 20])):
        crossings.append(Crossing(day, ARRIVAL if arrives else DEPARTURE))
        if not (is_broken and source.random() < 0.25):
            arrives = not arrives
        if source.random() > 0.12:
            steps = [window // 4, window // 2, window // 3, window]
            day += int(source.expovariate(1 / mean)) if source.random() < 0.8 else source.choice(steps)
    if source.random() < 0.1:
        crossings.append(source.choice(crossings))
    if source.random() < 0.2:
        source.shuffle(crossings)
    return crossings


def random_end(source: random.Random, window: int) -> int:
    """Return the first day not observed: early, in the middle or after everything."""
    return 1 + source.choice([source.randrange(window), source.randrange(4 * window), 40 * window])


def rule_by_reference(
    crossings: list[Crossing], initial: int | None, rule: Rule, ends: int
) -> dict[Crossing, list[Ruling]]:
    """Return the rulings on a history by crossing (equal ones in their order)."""
    ordered = in_order(crossings)
    status = initial if initial is not None else int(ordered[0].direction == DEPARTURE)
    history = History(ordered, status, threshold=rule.threshold, window=rule.window, ends=ends)
    rulings: dict[Crossing, list[Ruling]] = {}
    for crossing, verdict in zip(ordered, history.verdicts(), strict=True):
        ruling = (verdict.status_before, verdict.status_after, verdict.is_migration, verdict.finalised)
        rulings.setdefault(crossing, []).append(ruling)
    return rulings


def rule_by_sql(
    histories: list[tuple[list[Crossing], int | None]], rule: Rule, ends: int
) -> list[dict[Crossing, list[Ruling]]]:
    """Return the same from the SQL, for all histories at once."""
    frame = pl.DataFrame(
        [
            (number, FIRST_DAY + dt.timedelta(crossing.day), crossing.direction, initial)
            for number, (crossings, initial) in enumerate(histories)
            for crossing in crossings
        ],
        schema={"person_id": pl.Int64, "date": pl.Date, "direction": pl.String, "initial_status": pl.Int8},
        orient="row",
    )
    ruled = classify(
        frame,
        threshold=rule.threshold,
        window=rule.window,
        observed_until=FIRST_DAY + dt.timedelta(ends - 1),
    )
    rulings: list[dict[Crossing, list[Ruling]]] = [{} for _ in histories]
    for person, date, direction, _, before, after, is_migration, final in ruled.iter_rows():
        crossing = Crossing((date - FIRST_DAY).days, direction)
        day = None if final is None else (final - FIRST_DAY).days
        rulings[person].setdefault(crossing, []).append((before, after, is_migration, day))
    return rulings


def compare(rule: Rule, number: int, seed: int, batch: int = 1_000) -> list[str]:
    """Return a description of every history on which the two differ."""
    source = random.Random(seed)
    differences = []
    for start in range(0, number, batch):
        ends = random_end(source, rule.window)
        histories = [
            (random_history(source, rule.window), source.choice([0, 1, None]))
            for _ in range(min(batch, number - start))
        ]
        for (crossings, initial), by_sql in zip(histories, rule_by_sql(histories, rule, ends), strict=True):
            expected = rule_by_reference(crossings, initial, rule, ends)
            if by_sql != expected:
                differences.append(
                    f"{rule}, E = {ends}, initially {initial}: {crossings}\n  {by_sql}\n  {expected}"
                )
    return differences


def main() -> None:
    """Compare and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--histories", type=int, default=200_000, help="in all, over all rules")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    started = time.monotonic()
    total = 0
    for position, rule in enumerate(RULES):
        differences = compare(rule, options.histories // len(RULES) + 1, options.seed + position)
        total += len(differences)
        print(f"{rule}: {len(differences)} differ", *differences[:2], sep="\n", flush=True)
    print(f"{total} of {options.histories:,} histories differ ({time.monotonic() - started:.0f} s)")


if __name__ == "__main__":
    main()
