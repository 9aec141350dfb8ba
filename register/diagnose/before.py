"""The run before, beside this one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from register.run import Run, list_runs


@dataclass(frozen=True)
class Figure:
    """One figure of two runs; ``before`` is None where there is none."""

    name: str
    before: float | None
    now: float | None


def run_before(run: Run) -> Run | None:
    """Return the newest earlier run that was linked."""
    earlier = []
    for other in list_runs(run.path.parent):
        if other.name == run.name:
            break
        earlier.append(other)
    return next((other for other in reversed(earlier) if "resolve" in other.stages), None)


def headline(run: Run) -> dict[str, float]:
    """Return the figures of a run's linkage that its manifest keeps, by name."""
    link: Mapping[str, Any] = run.stages["link"]["report"]
    resolve: Mapping[str, Any] = run.stages["resolve"]["report"]
    expected = resolve["expected"]
    return {
        "identities": link["identities"],
        "distinct": link["distinct"],
        "pairs": link["pairs"],
        "above_link": link["above_link"],
        "persons": resolve["persons"],
        "identities_per_person": round(link["identities"] / resolve["persons"], 4)
        if resolve["persons"]
        else 0.0,
        "clusters_cut": resolve["clusters_cut"],
        "conflicts": sum(resolve["conflicts"].values()),
        "expected_precision": expected["precision"],
        "expected_recall": expected["recall"],
    }


def compare(run: Run, before: Run | None) -> list[Figure]:
    """Return the figures of a run beside those of the run before."""
    now, then = headline(run), headline(before) if before else {}
    return [Figure(name, then.get(name), value) for name, value in now.items()]
