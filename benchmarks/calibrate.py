"""Speed and memory of calibration: one survey, every distance, and replicate weights.

    python -m benchmarks.calibrate                         # 200,000 people, 150 margins, 200 replicates
    python -m benchmarks.calibrate --people 50000 --replicates 20

Prints seconds of each calibration, their ratio to one pass of the linear one, and the peak memory. Ratios are of one
run on one machine; the seconds are that machine's. Surveys are made up: people in classifications whose margins
are off by about a third, as they are when a frame misses a part of the population.
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np
from scipy import sparse

from register.calibrate import calibrate
from register.calibrate.design import make_design
from register.calibrate.distances import make_distance
from register.calibrate.recalibrate import recalibrate
from register.calibrate.replicate import make_replicates

BOUNDS = (0.2, 4.0)
LEVELS = (2, 18, 33, 36, 61)
WANTED = {"linear": 1.0, "truncated": 3.0, "raking": 3.0, "logit": 3.0}


def make_survey(people: int, seed: int = 1) -> tuple[sparse.csr_array, np.ndarray, np.ndarray]:
    """Return X of 150 margins, base weights, and totals that other weights give."""
    rng = np.random.default_rng(seed)
    first = np.cumsum((0, *LEVELS[:-1]))
    codes = np.stack(
        [at + rng.integers(0, levels, people) for at, levels in zip(first, LEVELS, strict=True)], 1
    )
    x = sparse.csr_array(
        (np.ones(codes.size), codes.ravel(), np.arange(0, codes.size + 1, len(LEVELS))),
        shape=(people, sum(LEVELS)),
    )
    d = rng.uniform(50, 150, people)
    pull = rng.normal(0, 0.3, sum(LEVELS))
    w = d * np.clip(np.exp(x @ pull - 0.1), 0.4, 2.5)
    return x, d, x.T @ w


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, default=200_000)
    parser.add_argument("--replicates", type=int, default=200)
    options = parser.parse_args(arguments)
    x, d, totals = make_survey(options.people)
    print(f"survey           {options.people:,} people, {x.shape[1]} margins")
    taken = {}
    for distance, wanted in WANTED.items():
        started = time.perf_counter()
        bounds = BOUNDS if distance in ("truncated", "logit") else None
        found = calibrate(x, d, totals, distance=distance, bounds=bounds)
        taken[distance] = time.perf_counter() - started
        off = float(np.max(abs(found.misfit) / totals))
        ratio = taken[distance] / taken["linear"]
        print(
            f"{distance:<16} {taken[distance]:.2f} s ({found.steps} steps, {ratio:.1f} of linear, "
            f"rank {found.rank}, farthest off {off:.0e}; wanted: at most {wanted:.0f} s)",
            flush=True,
        )
    cluster = np.arange(options.people) // 20
    stratum = cluster // 100
    design = make_design(options.people, stratum, cluster)
    replicates = make_replicates(design, "bootstrap", number=options.replicates, seed=1)
    drawn = np.tile(totals, (options.replicates, 1))
    for name in ("linear", "logit"):
        distance = make_distance(name, BOUNDS if name == "logit" else None)
        found = calibrate(x, d, totals, distance=distance)
        started = time.perf_counter()
        _, relaxed = recalibrate(x, d, design.cluster, replicates, drawn, distance, found)
        seconds = time.perf_counter() - started
        print(
            f"{options.replicates} x {name:<10} {seconds:.0f} s ({relaxed} relaxed; "
            f"{seconds / options.replicates / taken[name]:.2f} of one calibration each; wanted: under 300 s)",
            flush=True,
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(f"peak memory      {peak / 1e9:.2f} GB", flush=True)


if __name__ == "__main__":
    main()
