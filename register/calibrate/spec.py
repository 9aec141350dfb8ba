"""``calibration.toml``: what the survey's columns are, which totals its weights must meet, and how."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from register.calibrate.variables import Variable
from register.errors import DeclarationError, UsageError

MINIMUM = 30


@dataclass(frozen=True)
class SurveyColumns:
    """What the columns of the survey file are; empty names where there is none."""

    weight: str
    id: tuple[str, ...] = ()
    household: str = ""
    stratum: tuple[str, ...] = ()
    cluster: str = ""
    fpc: str = ""
    lonely: str = "adjust"
    date: dt.date | None = None
    delimiter: str = ","
    encoding: str = "utf-8"


@dataclass(frozen=True)
class Method:
    """How to calibrate. ``bounds`` None leaves them to the distance; ``household`` asks for one weight a household."""

    distance: str = "logit"
    bounds: tuple[float, float] | None = None
    household: bool = False
    minimum: int = MINIMUM
    redundancy_tolerance: float = 1e-6
    max_design_effect: float | None = None


@dataclass(frozen=True)
class BenchmarkSpec:
    """One ``[[benchmark]]``: a single total, a table of them, or those of the register.

    ``where`` maps a variable to the codes that count. ``cost`` overrides 1/variance.
    """

    name: str
    place: str
    total: float | None = None
    file: Path | None = None
    source: str = ""
    by: tuple[str, ...] = ()
    of: str = ""
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    soft: bool = False
    cost: float | None = None
    standard_error: float = 0.0
    relative_error: float = 0.0
    coverage_error: float = 0.0
    minimum: int | None = None
    collapse: tuple[str, ...] = ()
    date: str = ""
    definition: str = ""
    version: str = ""


@dataclass(frozen=True)
class ReplicateSpec:
    """The replicate weights asked for."""

    method: str
    number: int = 200
    seed: int = 1
    fay: float = 0.0
    centre: str = "mean"


@dataclass(frozen=True)
class EstimateSpec:
    """A statistic to estimate before and after, in all or by the codes of variables."""

    name: str
    place: str
    statistic: str
    variable: str = ""
    denominator: str = ""
    by: tuple[str, ...] = ()
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class RegisterSpec:
    """The register's totals on the survey's definitions: its variables, and the share in private households."""

    variables: Mapping[str, Variable] = field(default_factory=dict)
    private_share: float = 1.0
    private_share_error: float = 0.0


@dataclass(frozen=True)
class Spec:
    """A whole ``calibration.toml``. ``hierarchy`` maps, for a variable, a code to the wider one that holds it."""

    path: Path
    survey: SurveyColumns
    variables: Mapping[str, Variable]
    method: Method
    benchmarks: tuple[BenchmarkSpec, ...]
    hierarchy: Mapping[str, Mapping[str, str]]
    register: RegisterSpec
    replicates: ReplicateSpec | None
    estimates: tuple[EstimateSpec, ...]


def date_of(text: str | None, spec: Spec) -> dt.date:
    """Return the day for which the register's totals are wanted: that asked for, or the survey's.

    Raises
    ------
    UsageError
        If there is none, or it is no date.
    """
    try:
        day = dt.date.fromisoformat(text) if text else spec.survey.date
    except ValueError as error:
        raise UsageError("bad_date_setting", key="--date") from error
    if day is None:
        raise DeclarationError("missing_key", where=f"{spec.path} [survey]", key="date")
    return day
