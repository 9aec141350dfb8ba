"""Reads ``calibration.toml``, and refuses what no reader would look at."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from register.calibrate.spec import (
    MINIMUM,
    BenchmarkSpec,
    EstimateSpec,
    Method,
    RegisterSpec,
    ReplicateSpec,
    Spec,
    SurveyColumns,
)
from register.calibrate.variables import read_variables
from register.calibrate.words import CENTRES, DISTANCES, LONELY, REPLICATE_METHODS, STATISTICS
from register.errors import DeclarationError, suggest
from register.schema import refuse_unknown_keys, table_at
from register.toml_file import read_toml

SECTIONS = (
    *("survey", "variables", "calibration", "benchmark", "hierarchy", "register"),
    *("replicates", "estimate"),
)
SURVEY_KEYS = (
    *("weight", "id", "household", "stratum", "cluster", "fpc", "lonely", "date", "delimiter", "encoding"),
)
CALIBRATION_KEYS = ("distance", "bounds", "household", "minimum", "redundancy_tolerance", "max_design_effect")
BENCHMARK_KEYS = (
    *("name", "total", "file", "source", "by", "of", "where", "soft", "cost", "standard_error"),
    *("relative_error", "coverage_error", "minimum", "collapse", "date", "definition", "version"),
)
REPLICATE_KEYS = ("method", "number", "seed", "fay", "centre")
ESTIMATE_KEYS = ("name", "statistic", "variable", "denominator", "by", "where")
REGISTER_KEYS = ("private_share", "private_share_error", "variables")


def load_spec(path: Path) -> Spec:
    """Read ``calibration.toml``.

    Raises
    ------
    DeclarationError
        At the first key that is unknown, missing or has a value of the wrong kind.
    """
    tree = read_toml(path)
    refuse_unknown_keys(tree, SECTIONS, str(path))
    survey = _survey(table_at(tree, "survey", str(path)), f"{path} [survey]")
    register = table_at(tree, "register", str(path))
    replicates = table_at(tree, "replicates", str(path))
    hierarchy = table_at(tree, "hierarchy", str(path))
    return Spec(
        path=path,
        survey=survey,
        variables=read_variables(table_at(tree, "variables", str(path)), f"{path} [variables"),
        method=_method(table_at(tree, "calibration", str(path)), f"{path} [calibration]", survey),
        benchmarks=tuple(_each(tree, "benchmark", path, _benchmark)),
        hierarchy={
            variable: _tree(table_at(hierarchy, variable, str(path)), f"{path} [hierarchy.{variable}]")
            for variable in hierarchy
        },
        register=_register(register, f"{path} [register]"),
        replicates=_replicates(replicates, f"{path} [replicates]") if replicates else None,
        estimates=tuple(_each(tree, "estimate", path, _estimate)),
    )


def _survey(node: dict[str, Any], where: str) -> SurveyColumns:
    refuse_unknown_keys(node, SURVEY_KEYS, where)
    if not node.get("weight"):
        raise DeclarationError("missing_key", where=where, key="weight")
    return SurveyColumns(
        weight=str(node["weight"]),
        id=_names(node, "id"),
        household=str(node.get("household", "")),
        stratum=_names(node, "stratum"),
        cluster=str(node.get("cluster", "")),
        fpc=str(node.get("fpc", "")),
        lonely=_word(node, "lonely", LONELY, "adjust", where),
        date=_date(node, where),
        delimiter=str(node.get("delimiter", ",")),
        encoding=str(node.get("encoding", "utf-8")),
    )


def _method(node: dict[str, Any], where: str, survey: SurveyColumns) -> Method:
    refuse_unknown_keys(node, CALIBRATION_KEYS, where)
    household = bool(node.get("household", bool(survey.household)))
    if household and not survey.household:
        raise DeclarationError("missing_key", where=where.replace("calibration]", "survey]"), key="household")
    distance = _word(node, "distance", DISTANCES, "logit", where)
    bounds = node.get("bounds")
    if bounds is not None:
        pair = isinstance(bounds, list) and len(bounds) == 2
        if not pair or not all(isinstance(one, int | float) for one in bounds):
            raise DeclarationError("bounds_not_two", where=where)
        bounds = (float(bounds[0]), float(bounds[1]))
        if not bounds[0] < 1 < bounds[1]:
            raise DeclarationError("bad_bounds", where=where, lower=bounds[0], upper=bounds[1])
    limit = node.get("max_design_effect")
    return Method(
        distance=distance,
        bounds=bounds,
        household=household,
        minimum=int(_number(node, "minimum", MINIMUM, where)),
        redundancy_tolerance=_number(node, "redundancy_tolerance", 1e-6, where),
        max_design_effect=None if limit is None else _number(node, "max_design_effect", 0, where),
    )


def _benchmark(node: dict[str, Any], where: str, path: Path, number: int) -> BenchmarkSpec:
    refuse_unknown_keys(node, BENCHMARK_KEYS, where)
    given = [key for key in ("total", "file", "source") if key in node]
    if len(given) != 1:
        raise DeclarationError("benchmark_of_one_kind", where=where)
    source = _word(node, "source", ("register",), "register", where) if "source" in node else ""
    soft = bool(node.get("soft", False))
    one = BenchmarkSpec(
        name=str(node.get("name", f"{given[0] if given[0] != 'source' else source} {number}")),
        place=where,
        total=_number(node, "total", 0, where) if "total" in node else None,
        file=path.parent / str(node["file"]) if "file" in node else None,
        source=source,
        by=_names(node, "by"),
        of=str(node.get("of", "")),
        where=_where(node, where),
        soft=soft,
        cost=_number(node, "cost", 0, where) if "cost" in node else None,
        standard_error=_number(node, "standard_error", 0, where),
        relative_error=_number(node, "relative_error", 0, where),
        coverage_error=_number(node, "coverage_error", 0, where),
        minimum=int(_number(node, "minimum", 0, where)) if "minimum" in node else None,
        collapse=_names(node, "collapse"),
        date=str(node.get("date", "")),
        definition=str(node.get("definition", "")),
        version=str(node.get("version", "")),
    )
    if source == "register" and one.of:
        raise DeclarationError("register_counts_people", where=where)
    if source == "register" and not one.by:
        raise DeclarationError("missing_key", where=where, key="by")
    return one


def _register(node: dict[str, Any], where: str) -> RegisterSpec:
    refuse_unknown_keys(node, REGISTER_KEYS, where)
    share = _number(node, "private_share", 1.0, where)
    if not 0 < share <= 1:
        raise DeclarationError("bad_share", where=where, key="private_share", value=share)
    return RegisterSpec(
        variables=read_variables(table_at(node, "variables", where), f"{where[:-1]}.variables"),
        private_share=share,
        private_share_error=_number(node, "private_share_error", 0.0, where),
    )


def _replicates(node: dict[str, Any], where: str) -> ReplicateSpec:
    refuse_unknown_keys(node, REPLICATE_KEYS, where)
    if "method" not in node:
        raise DeclarationError("missing_key", where=where, key="method")
    return ReplicateSpec(
        method=_word(node, "method", REPLICATE_METHODS, "", where),
        number=int(_number(node, "number", 200, where)),
        seed=int(_number(node, "seed", 1, where)),
        fay=_number(node, "fay", 0.0, where),
        centre=_word(node, "centre", CENTRES, "mean", where),
    )


def _estimate(node: dict[str, Any], where: str, _path: Path, number: int) -> EstimateSpec:
    refuse_unknown_keys(node, ESTIMATE_KEYS, where)
    statistic = _word(node, "statistic", STATISTICS, "total", where)
    needed = {"total": (), "mean": ("variable",), "ratio": ("variable", "denominator")}[statistic]
    for key in needed:
        if not node.get(key):
            raise DeclarationError("missing_key", where=where, key=key)
    variable = str(node.get("variable", ""))
    return EstimateSpec(
        name=str(node.get("name", f"{statistic} {variable}".strip() or f"{statistic} {number}")),
        place=where,
        statistic=statistic,
        variable=variable,
        denominator=str(node.get("denominator", "")),
        by=_names(node, "by"),
        where=_where(node, where),
    )


def _tree(node: dict[str, Any], where: str) -> dict[str, str]:
    tree = {str(code): str(wider) for code, wider in node.items()}
    for code in tree:
        at, seen = code, {code}
        while at in tree:
            at = tree[at]
            if at in seen:
                raise DeclarationError("hierarchy_cycle", where=where, code=at)
            seen.add(at)
    return tree


def _each(tree: dict[str, Any], key: str, path: Path, read: Any) -> Iterable[Any]:
    nodes = tree.get(key, [])
    if not isinstance(nodes, list) or not all(isinstance(node, dict) for node in nodes):
        raise DeclarationError("not_a_list", where=str(path), key=key)
    for number, node in enumerate(nodes, 1):
        yield read(node, f"{path} [[{key}]] {node.get('name', number)}", path, number)


def _names(node: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = node.get(key, [])
    return (value,) if isinstance(value, str) else tuple(map(str, value))


def _where(node: dict[str, Any], where: str) -> dict[str, tuple[str, ...]]:
    return {name: _names(given, name) if isinstance(given[name], str | list) else (str(given[name]),)
            for given in [table_at(node, "where", where)] for name in given}  # fmt: skip


def _word(node: Mapping[str, Any], key: str, known: tuple[str, ...], default: str, where: str) -> str:
    value = str(node.get(key, default))
    if value not in known:
        raise DeclarationError(
            "unknown_word",
            where=where,
            key=key,
            name=value,
            suggestion=suggest(value, known),
            known=", ".join(known),
        )
    return value


def _number(node: Mapping[str, Any], key: str, default: float, where: str) -> float:
    value = node.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise DeclarationError("not_a_number", where=where, key=key, value=value)
    return float(value)


def _date(node: Mapping[str, Any], where: str) -> dt.date | None:
    value = node.get("date")
    if value is not None and type(value) is not dt.date:
        raise DeclarationError("bad_date_setting", where=where, key="date")
    return value
