"""The `api` data of the oracle as a model matrix and as statistics; small surveys made for a purpose."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from register.calibrate.command import calibrate_file
from register.calibrate.variance import Statistic
from register.console import Console


def api_columns(api: pl.DataFrame) -> np.ndarray:
    """Return the columns of ``~ stype * sch.wide + api99``."""
    high, middle = ((api["stype"] == code).to_numpy().astype(float) for code in "HM")
    wide = (api["sch.wide"] == "Yes").to_numpy().astype(float)
    return np.column_stack([np.ones(len(api)), high, middle, wide, api["api99"], high * wide, middle * wide])


def api_statistics(api: pl.DataFrame) -> list[Statistic]:
    """Return the statistics of the oracle's estimates, in its order."""
    enrolled, score = (api[name].to_numpy().astype(float) for name in ("enroll", "api00"))
    domains = [Statistic(enrolled * (api["stype"] == code).to_numpy()) for code in "EHM"]
    return [Statistic(enrolled), Statistic(score, np.ones(len(api))), *domains]


def households(seed: int = 1, count: int = 240) -> pl.DataFrame:
    """Return a survey: two strata of clusters of ten households of one to four people, weights equal within them."""
    rng = np.random.default_rng(seed)
    size = rng.integers(1, 5, count)
    household = np.repeat(np.arange(count), size)
    n = len(household)
    foreign = rng.random(count) < 0.2
    return pl.DataFrame(
        {
            "house": household + 1,
            "person": np.concatenate([np.arange(1, one + 1) for one in size]),
            "area": np.where(household < count // 2, "north", "south"),
            "segment": household // 10,
            "sex": rng.integers(1, 3, n),
            "age": rng.integers(0, 90, n),
            "nation": np.where(foreign[household], rng.choice(["VEN", "ECU", "PER", "ESP"], n), "COL"),
            "job": rng.integers(0, 2, n),
            "pay": rng.lognormal(6, 0.5, n).round(2),
            "base": rng.uniform(20, 60, count).round(3)[household],
        }
    )


SPEC = """\
[survey]
weight = "base"
id = ["house", "person"]
household = "house"
stratum = "area"
cluster = "segment"
date = 2022-01-01

[variables.band]
from = "age"
breaks = [0, 15, 60]

[variables.group]
from = "nation"
values = { COL = "national" }
other = "foreign"
"""


def calibration(folder: Path, spec: str, frame: pl.DataFrame | None = None, **tables: str) -> Path:
    """Write a survey, its specification and tables of benchmarks into a folder; return the specification."""
    (households() if frame is None else frame).write_csv(folder / "survey.csv")
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text, "utf-8")
    path = folder / "calibration.toml"
    path.write_text(spec, "utf-8")
    return path


def run(spec: Path, survey: str = "survey.csv", output: str = "weights.csv") -> dict[str, Any]:
    """Calibrate by the command line's own function; return the figures of the report."""
    out = spec.parent / output
    calibrate_file(spec.parent / survey, spec, out, no_project, None, Console("en", quiet=True))
    summary: dict[str, Any] = json.loads(out.with_name(f"{out.stem}_report.json").read_text("utf-8"))
    return summary


def no_project() -> Any:
    raise AssertionError("no benchmark is the register's")
