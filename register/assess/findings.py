"""The few things that matter, in sentences: what each source falls short in, the worst first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from register.assess.assessment import Assessment
from register.assess.declaration import CORRECTION, DIRECT, TOTAL, UNUSABLE, Indicators
from register.assess.labels import Labels
from register.assess.verdict import Judged, counts, has_records, table_levels

NAMED = 3
#: Kinds of record of people who must have entered, and the share of them that crossings should have.
FOREIGNERS = ("visa", "permit")
FULL = 0.98
#: Indicators of the record as a whole whose sentence names the worst of their parts.
BY_POST = ("alternation", "alternation_linked")
#: Indicators whose sentence gives the sum of their variables.
SUMMED = ("check_digit", "mrz_check", "edit_failures")


@dataclass(frozen=True)
class Finding:
    """One sentence on a source, or on all of them where ``declaration`` is empty; ``level`` is what it allows.

    ``text`` begins with the source, ``bare`` does not.
    """

    declaration: str
    indicator_id: str
    level: int
    text: str
    bare: str


def find(assessment: Assessment, indicators: Indicators, labels: Labels) -> list[Finding]:
    """Return what falls short, the worst first.

    The order: by what a figure allows, essential ones first, sources by the number of official tables that are counted
    from them, and by how far a figure is off.
    """
    found: list[tuple[tuple[float, ...], Finding]] = []
    for one in assessment.sources:
        mains = sum(
            one.source in needs and needs[one.source].role == "main" for needs in indicators.support.values()
        )
        judged = assessment.judged[one.declaration]
        replaced = {indicators[each.indicator_id].instead_of for each in judged}
        if not has_records(judged):
            nothing = _of_source(
                one.declaration, "no_records", UNUSABLE, labels.word("finding.no_records"), labels
            )
            found.append(((UNUSABLE, False, -mains), nothing))
        groups: dict[str, list[Judged]] = {}
        for each in judged:
            if each.level < DIRECT and each.indicator_id not in replaced:
                groups.setdefault(each.indicator_id, []).append(each)
        for name, group in groups.items():
            counted = [each for each in group if counts(each, indicators)]
            if not counted and name in BY_POST:
                continue
            shown = sorted(counted or group, key=lambda each: (each.level, each.value))
            text = _sentence(assessment, one.declaration, name, shown, group, indicators, labels)
            if text:
                worst = shown[0]
                level = worst.allows if counted else DIRECT
                rank = (level, not worst.essential, -mains, worst.level, -_gap(worst, indicators))
                found.append((rank, _of_source(one.declaration, name, level, text, labels)))
    unsupported = [
        ((finding.level, -2.0), finding) for finding in _unsupported(assessment, indicators, labels)
    ]
    unseen = [((finding.level, -1.0), finding) for finding in _unseen(assessment, labels)]
    return [finding for _, finding in sorted([*unsupported, *unseen, *found], key=lambda each: each[0])]


def _of_source(declaration: str, name: str, level: int, sentence: str, labels: Labels) -> Finding:
    whole = f"{labels.source(declaration)}: {sentence[:1].lower()}{sentence[1:]}"
    return Finding(declaration, name, level, whole, sentence)


def _gap(judged: Judged, indicators: Indicators) -> float:
    """Return how far a figure is from direct use, in the unit of its own thresholds."""
    limits = indicators[judged.indicator_id].thresholds
    return abs(judged.value - limits[0]) / (abs(limits[0] - limits[-1]) or 1.0)


def _sentence(
    assessment: Assessment,
    declaration: str,
    name: str,
    shown: Sequence[Judged],
    group: Sequence[Judged],
    indicators: Indicators,
    labels: Labels,
) -> str:
    indicator, worst = indicators[name], shown[0]
    parts = [one for one in (group if name in BY_POST else shown) if one.variable != TOTAL]
    parts = sorted(parts, key=lambda one: one.value, reverse=indicator.better == "lower")[:NAMED]
    details = [f"{labels.variable(one.variable)} {labels.value(indicator, one.value)}" for one in parts]
    if name == "breaks":
        details = _breaks(assessment, declaration, labels)
    if name == "posts_reporting":
        details = _posts(assessment, declaration, labels)
        if not details:
            return ""
    told = parts if name in SUMMED and parts else [worst]
    numerator, denominator = sum(one.numerator for one in told), sum(one.denominator for one in told)
    if name == "edit_failures":
        denominator = worst.denominator
    return labels.word(
        f"finding.{name}",
        value=labels.value(indicator, worst.value),
        numerator=labels.count(numerator),
        denominator=labels.count(denominator),
        rest=labels.count(denominator - numerator),
        details=labels.listed(details),
    )


def _breaks(assessment: Assessment, declaration: str, labels: Labels) -> list[str]:
    rows = assessment.of(declaration).filter(pl.col("indicator_id") == "break_level").sort("period")
    return [
        labels.word("break_at", month=month, before=labels.count(before), after=labels.count(after))
        for month, after, before in rows.select("period", "numerator", "denominator").iter_rows()
    ]


def _posts(assessment: Assessment, declaration: str, labels: Labels) -> list[str]:
    rows = assessment.of(declaration).filter(pl.col("indicator_id") == "post_silent")
    return [
        labels.word("post_since", post=labels.variable(row["variable"]), month=row["period"])
        for row in rows.sort("value", descending=True).iter_rows(named=True)
    ]


def _unseen(assessment: Assessment, labels: Labels) -> list[Finding]:
    """Tell of people with a visa or permit whose crossings nobody recorded: known once people are linked."""
    kinds = {one.declaration: one.source for one in assessment.sources}
    found = []
    rows = assessment.indicator.filter(
        (pl.col("indicator_id") == "coverage") & (pl.col("source") == "crossing") & (pl.col("value") < FULL)
    )
    for row in rows.iter_rows(named=True):
        other = row["variable"].partition(".")[2]
        if kinds.get(other) in FOREIGNERS:
            text = labels.word(
                "finding.unseen",
                other=labels.source(other),
                rest=labels.count(row["denominator"] - row["numerator"]),
                denominator=labels.count(row["denominator"]),
            )
            found.append(_of_source(row["declaration"], "coverage", CORRECTION, text, labels))
    return found


def _unsupported(assessment: Assessment, indicators: Indicators, labels: Labels) -> list[Finding]:
    """Tell of official tables that no source supports because no source brings a variable that they need."""
    lacking: dict[str, list[str]] = {}
    levels = table_levels(assessment.verdicts, indicators)
    brought = {(one.source, variable) for one in assessment.sources for variable in one.variables}
    for table, level in levels.items():
        if level > UNUSABLE:
            continue
        for source, need in indicators.support[table].items():
            for variable in need.variables:
                if need.role == "main" and (source, variable) not in brought:
                    lacking.setdefault(variable, []).append(table)
    text = {
        variable: labels.word(
            "finding.support",
            variable=labels.variable(variable).lower(),
            tables=labels.listed(sorted(set(tables))),
        )
        for variable, tables in lacking.items()
    }
    return [Finding("", "support", CORRECTION, sentence, sentence) for sentence in text.values()]
