"""The words that a specification may use, and the functions behind it: one list each."""

from __future__ import annotations

DISTANCES = ("linear", "truncated", "raking", "logit")
STATISTICS = ("total", "mean", "ratio")
LONELY = ("adjust", "remove", "fail")
REPLICATE_METHODS = ("JK1", "JKn", "BRR", "bootstrap")
CENTRES = ("mean", "estimate")
