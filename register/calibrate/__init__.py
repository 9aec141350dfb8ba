"""Survey weights calibrated to the totals of the register: household surveys that see migrants.

    distances conflict rank solver   the mathematics: `calibrate`, usable alone
    spec declaration variables       calibration.toml, read
    survey terms                     the survey file as it declares it
    totals benchmarks collapse       the register's totals, the office's own tables, cells too small
    design replicate variance        strata and clusters, replicate weights, standard errors
    units estimates work             people or households; the walk from files to an outcome
    summary charts report command    what is told of it, the page, the files

>>> from register.calibrate import calibrate
>>> calibrate(x, d, totals, distance="logit", bounds=(0.5, 2)).weights
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from register.calibrate.errors import ConflictError
    from register.calibrate.solver import Calibration, calibrate
    from register.calibrate.units import calibrate_households

__all__ = ["Calibration", "ConflictError", "calibrate", "calibrate_households"]

_HOME = {
    "Calibration": "register.calibrate.solver",
    "ConflictError": "register.calibrate.errors",
    "calibrate": "register.calibrate.solver",
    "calibrate_households": "register.calibrate.units",
}


def __getattr__(name: str) -> Any:
    # The solver needs SciPy, of the extra `survey`: loaded when it is used.
    if name not in _HOME:
        raise AttributeError(f"module 'register.calibrate' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
