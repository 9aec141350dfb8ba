"""Estimates the weights: expectation-maximisation by Splink, with the plan of the rules.

The result is text for people: probabilities to four significant digits, sorted as declared, so that a review
of a new training is a review of a short difference.
"""

from __future__ import annotations

import logging
import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import duckdb
from splink import DuckDBAPI, Linker

from register.errors import QualityError
from register.link import compile as compiled
from register.link.labels import Labels, judge, learn
from register.link.predict import prepare
from register.link.rules import ELSE, Compare, Rules, Weights, level_names, parameters


@dataclass(frozen=True)
class Move:
    """How the match weight of one level changed, in bits; None where there was none before."""

    concept: str
    level: str
    before: float | None
    after: float


@dataclass(frozen=True)
class Session:
    """One EM session: its block, its iterations, and the last change of any probability."""

    block: str
    iterations: int
    last_change: float
    converged: bool


@dataclass(frozen=True)
class Spread:
    """How far apart the EM sessions that estimated m of one level came out, in bits."""

    concept: str
    level: str
    bits: float


@dataclass(frozen=True)
class TrainReport:
    """The outcome of a training: weights, frequencies as text, what moved, how the sessions went and agreed.

    ``labels`` is what reviewers' judgements there were, in a training from them; such a training leaves the
    frequencies as they are (``frequencies_text`` is empty) and has no sessions.
    """

    rows: int
    weights: Weights
    weights_text: str
    frequencies_text: str
    sessions: tuple[Session, ...]
    moved: tuple[Move, ...]
    spreads: tuple[Spread, ...] = ()
    labels: Labels | None = None


def train(con: duckdb.DuckDBPyConnection, rules: Rules) -> TrainReport:
    """Estimate m and u of every level and the frequencies of rare-value columns.

    Reads the table or view that the rules name. Writes nothing: the caller decides whether to keep the text.

    Raises
    ------
    QualityError
        If a level was never seen in the data and its weight is not fixed in the declaration.
    """
    fresh = rules.with_weights(Weights(1.0, {}))
    rows = prepare(con, rules)
    plan = rules.training
    linker = Linker(
        DuckDBAPI(con).register("link_input", dataset_display_name="link_input"),
        compiled.settings(fresh),
        log_level=None,
        validate_settings=False,
    )
    with _silence():
        certain: list[Any] = [sql for _, sql in compiled.block_conditions(plan.certain)]
        linker.training.estimate_probability_two_random_records_match(certain, recall=plan.recall)
        linker.training.estimate_u_using_random_sampling(
            max_pairs=plan.pairs, seed=plan.seed, min_count_per_level=None
        )
        sessions = tuple(_sessions(linker, rules))
    model: dict[str, Any] = linker.misc.save_model_to_json()
    share = float(model["probability_two_random_records_match"])
    weights = Weights(_rounded(share * rows), _levels(fresh, rules, model, share))
    trained = rules.with_weights(weights)
    frequencies = _frequencies(con, rules)
    _forget_splink(con)
    con.execute("drop table link_input; drop table link_bundle")
    return TrainReport(
        rows,
        weights,
        _weights_text(trained),
        frequencies,
        sessions,
        tuple(_moves(rules, trained)),
        tuple(_spreads(linker, rules)),
    )


def train_from_labels(con: duckdb.DuckDBPyConnection, rules: Rules) -> TrainReport:
    """Estimate m anew from what reviewers decided; see `register.link.labels`.

    Reads ``pair``, ``mention``, ``decision`` and the table that the rules name. Writes nothing.

    Raises
    ------
    QualityError
        If there are too few decisions, or no weights to start from.
    """
    judge(con)
    weights, labels = learn(con, rules)
    trained = rules.with_weights(weights)
    (rows,) = con.execute(f"select count(*) from {rules.table}").fetchall()[0]
    moved = tuple(_moves(rules, trained))
    return TrainReport(int(rows), weights, _weights_text(trained), "", (), moved, labels=labels)


def write(report: TrainReport, rules: Rules) -> None:
    """Put the weights and frequencies beside the rules."""
    rules.weights_path.write_text(report.weights_text, "utf-8")
    if report.frequencies_text:
        rules.frequencies_path.write_text(report.frequencies_text, "utf-8")


@contextmanager
def _silence() -> Iterator[None]:
    """Keep Splink from narrating: what it warns of, untrained levels, is refused here."""
    logger = logging.getLogger("splink")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(before)


def _sessions(linker: Linker, rules: Rules) -> Iterator[Session]:
    for name, sql in compiled.block_conditions(rules.training.sessions):
        session = linker.training.estimate_parameters_using_expectation_maximisation(
            sql, estimate_without_term_frequencies=True, max_pairs=rules.training.pairs
        )
        history = session._core_model_settings_history
        changes = [_largest_change(history[-2], history[-1])] if len(history) > 1 else [math.inf]
        limit = linker._settings_obj.training_settings.max_iterations
        yield Session(name, len(history) - 1, _rounded(changes[0]), len(history) - 1 < limit)


def _spreads(linker: Linker, rules: Rules) -> Iterator[Spread]:
    """Yield, for each level that several sessions estimated, how far apart they came out; the farthest first."""
    found = []
    comparisons = linker._settings_obj.core_model_settings.comparisons
    for compare, made in zip(rules.compares, comparisons, strict=True):
        levels = [level for level in made.comparison_levels if not level.is_null_level]
        for name, level in zip(level_names(compare), levels, strict=True):
            told = [record["probability"] for record in level._trained_m_probabilities]
            several = [value for value in told if isinstance(value, float) and value > 0]
            if len(several) > 1:
                apart = math.log2(max(several) / min(several))
                found.append(Spread(compare.concept, name, round(apart, 2)))
    yield from sorted(found, key=lambda spread: (-spread.bits, spread.concept, spread.level))


def _largest_change(before: Any, after: Any) -> float:
    changes = [0.0]
    for old, new in zip(before.comparisons, after.comparisons, strict=True):
        pairs = zip(old._comparison_levels_excluding_null, new._comparison_levels_excluding_null, strict=True)
        changes.extend(abs((a.m_probability or 0) - (b.m_probability or 0)) for a, b in pairs)
    return max(changes)


def _levels(
    rules: Rules, standing: Rules, model: dict[str, Any], share: float
) -> dict[str, dict[str, tuple[float, float]]]:
    """Return m and u from Splink's model, refusing levels that no data spoke of; ``standing`` has those of before."""
    found: dict[str, dict[str, tuple[float, float]]] = {}
    unseen: list[str] = []
    example = ""
    floor = rules.training.floor
    for compare, node in zip(rules.compares, model["comparisons"], strict=True):
        trained = [level for level in node["comparison_levels"] if not level.get("is_null_level")]
        for name, level in zip(level_names(compare), trained, strict=True):
            fixed_m, fixed_u = parameters(rules, compare, name)
            m = fixed_m if fixed_m is not None else level.get("m_probability")
            u = fixed_u if fixed_u is not None else level.get("u_probability")
            if fixed_u is None and u is not None and m is not None:
                # Pairs drawn at random to learn u hold a share of pairs of one person.
                u = max((u - share * m) / (1 - share), 0.0)
            if m is None or u is None:
                unseen.append(f"{compare.concept}.{name} ({'m' if m is None else 'u'})")
                example = example or _fixed(standing, compare, name)
                continue
            pair = _rounded(max(m, floor)), _rounded(max(u, floor / 100))
            found.setdefault(compare.concept, {})[name] = pair
    if unseen:
        raise QualityError("linkage_unseen", where=str(rules.path), levels=", ".join(unseen), example=example)
    return found


def _fixed(rules: Rules, compare: Compare, name: str) -> str:
    """Return a level as people.toml fixes it, with the weights of now."""
    m, u = ("…" if value is None else f"{value:.4g}" for value in parameters(rules, compare, name))
    threshold = next((level.threshold for level in compare.levels if level.name == name), None)
    word = f'"{name}"' if threshold is None else f"{threshold:g}"
    return f"{{ level = {word}, m = {m}, u = {u} }}"


def _frequencies(con: duckdb.DuckDBPyConnection, rules: Rules) -> str:
    lines = ["concept,value,frequency"]
    for column in compiled.rare_columns(rules):
        rows = con.execute(
            f"""
            select {column}, count(*) / sum(count(*)) over () as frequency from link_input
            where {column} is not null group by 1 qualify frequency > {rules.training.rare_names} order by 1
            """
        ).fetchall()
        lines.extend(f"{column},{value},{_rounded(frequency, 3):g}" for value, frequency in rows)
    return "\n".join(lines) + "\n"


def _weights_text(rules: Rules) -> str:
    assert rules.weights is not None  # noqa: S101
    lines = [
        "# Written by `register train`; not meant to be edited by hand.",
        "# m: share of the pairs of one person at the level; u: of two persons; after #: match weight in bits.",
        f"matches_per_identity = {rules.weights.matches_per_identity:g}",
    ]
    for compare in rules.compares:
        lines += ["", f"[weight.{compare.concept}]"]
        for name in level_names(compare):
            m, u = rules.weights.levels[compare.concept][name]
            quoted = name if name.replace("_", "").isalnum() else f'"{name}"'
            lines.append(f"{quoted} = {{ m = {m:g}, u = {u:g} }}  # {math.log2(m / u):+.1f}")
    return "\n".join(lines) + "\n"


def _moves(old: Rules, new: Rules) -> Iterator[Move]:
    for compare in new.compares:
        for name in level_names(compare):
            before, after = (_bits(*parameters(rules, compare, name)) for rules in (old, new))
            if after is not None and (before is None or abs(before - after) >= 0.05):
                yield Move(compare.concept, name, before, after)


def _bits(m: float | None, u: float | None) -> float | None:
    return None if m is None or u is None else round(math.log2(m / u), 2)


def _rounded(value: float, digits: int = 4) -> float:
    return float(f"{value:.{digits}g}") if math.isfinite(value) else value


__all__ = ["ELSE", "Move", "Session", "Spread", "TrainReport", "train", "train_from_labels", "write"]


def _forget_splink(con: duckdb.DuckDBPyConnection) -> None:
    """Drop what Splink left in the connection, so that only its own tables are left."""
    left = con.execute(
        """
        select table_name, table_type from information_schema.tables
        where starts_with(table_name, '__splink__') or table_name = 'result_df'
        """
    ).fetchall()
    for name, kind in left:
        con.execute(f'drop {"view" if kind == "VIEW" else "table"} "{name}"')
