"""The `api` data of the oracle as a model matrix and as statistics; small surveys made for a purpose."""

from __future__ import annotations

import numpy as np
import polars as pl

from register.calibrate.variance import Statistic


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
