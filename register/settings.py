"""The sections of ``register.toml``: what an office may set, its defaults, and what each value may be."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from register.errors import DeclarationError, suggest
from register.locale import LANGUAGES
from register.rules.residence import MISSING_LEG_POLICIES, Rule
from register.schema import refuse_unknown_keys


@dataclass(frozen=True)
class RuleSettings:
    """The residence rule an office chose, how gaps are filled, and the last day observed.

    Without ``observed_until`` that is the day of the last crossing received.
    """

    rule: Rule
    missing_leg: str = "midpoint"
    observed_until: dt.date | None = None
    seed: int = 0


@dataclass(frozen=True)
class EngineSettings:
    """How much of the machine a build may use."""

    memory_limit: str = ""
    threads: int = 0


@dataclass(frozen=True)
class QualitySettings:
    """When a source is too bad to build on: the share of its rows that may be rejected."""

    max_rejected_share: float = 0.02


PROVISIONAL = ("model", "baseline")
MISSING_RECORDS = ("model", "none")
MOST_DRAWS = 100


@dataclass(frozen=True)
class EstimateSettings:
    """How figures are estimated.

    ``provisional``: open crossings by the model or the transparent baseline; ``missing``: what nobody wrote down by
    the model or not at all; ``draws``: how many completed registers; ``linkages``: how many linkages are drawn for the
    error that linkage leaves (0: none).
    """

    provisional: str = "model"
    missing: str = "model"
    draws: int = 10
    linkages: int = 20


RELEASE_METHODS = ("round", "suppress", "cell-key")
ROUNDING_BASES = (3, 5)


@dataclass(frozen=True)
class ReleaseSettings:
    """How releases are protected, and in which languages their workbooks and reports are written.

    Figures of 1 to ``threshold`` - 1 must not be known. ``base`` is that of rounding and the reach of cell-key noise.
    """

    method: str = "round"
    threshold: int = 5
    base: int = 3
    languages: tuple[str, ...] = ("es", "en")


def _rule(node: dict[str, Any], where: str) -> RuleSettings:
    refuse_unknown_keys(
        node, ("preset", "threshold", "window", "missing_leg", "observed_until", "seed"), where
    )
    if ("threshold" in node) != ("window" in node) or ("threshold" in node and "preset" in node):
        raise DeclarationError("rule_half_said", where=where)
    try:
        if "threshold" in node:
            rule = Rule(int(_number(node, "threshold", 0, where)), int(_number(node, "window", 0, where)))
        else:
            rule = Rule.preset(str(node.get("preset", "12-of-16")))
    except DeclarationError as error:
        error.where = where
        raise
    policy = str(node.get("missing_leg", "midpoint"))
    if policy not in MISSING_LEG_POLICIES:
        raise DeclarationError(
            "unknown_policy",
            where=where,
            name=policy,
            suggestion=suggest(policy, MISSING_LEG_POLICIES),
            known=", ".join(MISSING_LEG_POLICIES),
        )
    until = node.get("observed_until")
    if until is not None and type(until) is not dt.date:
        raise DeclarationError("bad_date_setting", where=where, key="observed_until")
    return RuleSettings(rule, policy, until, int(_number(node, "seed", 0, where)))


def _engine(node: dict[str, Any], where: str) -> EngineSettings:
    refuse_unknown_keys(node, ("memory_limit", "threads"), where)
    limit = str(node.get("memory_limit", ""))
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(?:[KMGT]i?B)", limit)
    if limit and (found is None or float(found[1]) == 0):
        raise DeclarationError("bad_memory_limit", where=where, value=limit)
    return EngineSettings(limit, int(_number(node, "threads", 0, where)))


def _quality(node: dict[str, Any], where: str) -> QualitySettings:
    refuse_unknown_keys(node, ("max_rejected_share",), where)
    share = _number(node, "max_rejected_share", QualitySettings.max_rejected_share, where)
    if not 0 <= share <= 1:
        raise DeclarationError("bad_share", where=where, key="max_rejected_share", value=share)
    return QualitySettings(share)


def _number(node: dict[str, Any], key: str, default: float, where: str) -> float:
    """Return a setting that must be a number and not negative."""
    value = node.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise DeclarationError("not_a_number", where=where, key=key, value=value)
    return value


def _release(node: dict[str, Any], where: str) -> ReleaseSettings:
    refuse_unknown_keys(node, ("method", "threshold", "base", "languages"), where)
    default = ReleaseSettings()
    settings = ReleaseSettings(
        method=str(node.get("method", default.method)),
        threshold=int(_number(node, "threshold", default.threshold, where)),
        base=int(_number(node, "base", default.base, where)),
        languages=tuple(node.get("languages", default.languages)),
    )
    if settings.method not in RELEASE_METHODS:
        hint = suggest(settings.method, RELEASE_METHODS)
        raise DeclarationError(
            "unknown_method",
            where=where,
            name=settings.method,
            suggestion=hint,
            known=", ".join(RELEASE_METHODS),
        )
    if settings.base not in ROUNDING_BASES or settings.threshold < settings.base:
        raise DeclarationError("bad_base", where=where, base=settings.base, threshold=settings.threshold)
    for language in settings.languages:
        if language not in LANGUAGES:
            raise DeclarationError("unknown_language", where=where, name=language, known=", ".join(LANGUAGES))
    return settings


def _estimate(node: dict[str, Any], where: str) -> EstimateSettings:
    refuse_unknown_keys(node, ("provisional", "missing", "draws", "linkages"), where)
    settings = EstimateSettings(
        provisional=str(node.get("provisional", EstimateSettings.provisional)),
        missing=str(node.get("missing", EstimateSettings.missing)),
        draws=int(_number(node, "draws", EstimateSettings.draws, where)),
        linkages=int(_number(node, "linkages", EstimateSettings.linkages, where)),
    )
    for key, known in (("provisional", PROVISIONAL), ("missing", MISSING_RECORDS)):
        name = getattr(settings, key)
        if name not in known:
            raise DeclarationError(
                "unknown_estimator",
                where=where,
                key=key,
                name=name,
                suggestion=suggest(name, known),
                known=", ".join(known),
            )
    if not 2 <= settings.draws <= MOST_DRAWS:
        raise DeclarationError("bad_draws", where=where, value=settings.draws, most=MOST_DRAWS)
    if settings.linkages == 1 or settings.linkages > MOST_DRAWS:
        raise DeclarationError("bad_linkages", where=where, value=settings.linkages, most=MOST_DRAWS)
    return settings


SECTIONS: Mapping[str, Callable[[dict[str, Any], str], object]] = {
    "rule": _rule,
    "engine": _engine,
    "quality": _quality,
    "release": _release,
    "estimate": _estimate,
}
