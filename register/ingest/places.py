"""Match municipalities and departments by code or by name, and say how each was matched."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
from rapidfuzz import fuzz, process

from register.ingest.codes import lookup_table, match_codes
from register.ingest.text import fold_text

PLACE_HOW: tuple[str, ...] = ("code", "label", "alias", "similar", "conflict", "ambiguous", "unknown")
"""How a municipality was matched: ``similar`` is for the office to confirm; ``conflict`` is a municipality
of another department than the one stated; ``ambiguous`` a name that several municipalities have."""

# Compared in pieces, so that a hundred thousand unknown names do not make a matrix of gigabytes.
_PIECE = 2_000
# Shorter names are like too many others.
_SHORTEST = 4
SIMILARITY = 88.0
"""How like a name must be to one of the list, 0 to 100, where a declaration does not say."""
_PAIR = ["municipality", "department"]
_LOOKUP = {"municipality_code": pl.String, "how": pl.String, "score": pl.Float64, "suggestion": pl.String}


def fold_place(text: pl.Expr) -> pl.Expr:
    """Fold the name of a place: as :func:`fold_text`, abbreviations spelt out and articles off the front."""
    return (
        fold_text(text)
        .str.replace(r"^(?:MUNICIPIO|MPIO|DISTRITO|DEPARTAMENTO|DEPTO|DPTO|PROVINCIA)(?: DEL?)? ", "")
        .str.replace_all(r"\bSTA\b", "SANTA")
        .str.replace_all(r"\bSTO\b", "SANTO")
        .str.replace_all(r"\bPTO\b", "PUERTO")
        .str.replace_all(r"\bS(?:N)? ", "SAN ")
        .str.replace_all(r"\bD C\b", "DC")
        .str.replace("^(?:EL|LA|LOS|LAS) ", "")
    )


def match_municipalities(
    values: pl.DataFrame,
    municipalities: pl.DataFrame,
    departments: pl.DataFrame,
    *,
    threshold: float = SIMILARITY,
    margin: float = 5.0,
) -> pl.DataFrame:
    """Match distinct pairs of municipality and department.

    Parameters
    ----------
    values
        Grain: one distinct pair. Text columns municipality and department, either null.
    municipalities
        Code list (see :func:`register.ingest.codes.match_codes`) with department_code.
    departments
        Code list of departments.
    threshold
        Least similarity, 0 to 100, at which a name that is not in the list is taken for one that is.
    margin
        By how much the best similarity must exceed that of any other municipality.

    Returns
    -------
    pl.DataFrame
        Grain: one input pair, in the input's order. Columns: municipality, department,
        municipality_code, department_code (the stated one, else the municipality's), how (one of
        :data:`PLACE_HOW`; null where no municipality is given), score (similarity, where it was
        looked at), suggestion (the code that ``conflict`` and an insufficient similarity point to;
        never used as the code) and department_how.

    Notes
    -----
    By code; then by label or alias within the stated department; without a department, or with one
    that cannot be read, by a name that only one municipality of the country has; then by similarity
    (rapidfuzz: the higher of the plain and the word-sorted ratio) within the department or the country.
    """
    work = values.select(pl.col("municipality", "department").cast(pl.String))
    stated = match_codes(work["department"].unique(), departments).rename(
        {"value": "department", "code": "department_code", "how": "department_how"}
    )
    pairs = work.unique().join(stated, on="department", how="left", nulls_equal=True)
    pairs = pairs.with_columns(
        _text=fold_text(pl.col("municipality")), _place=fold_place(pl.col("municipality"))
    )
    names = _names(municipalities)
    found = _match_codes_and_names(pairs, names, municipalities)
    found = _retry(found, _with_named_department(found, departments), names, municipalities)
    open_ = found.filter(pl.col("how") == "unknown")
    similar = _match_similar(open_, names, threshold, margin)
    found = pl.concat(
        [found.join(open_, on=["municipality", "department"], how="anti", nulls_equal=True), similar]
    )
    own = municipalities.select(municipality_code=pl.col("code").cast(pl.String), _own="department_code")
    found = found.join(own, on="municipality_code", how="left").select(
        "municipality",
        "department",
        "municipality_code",
        pl.coalesce("department_code", "_own").alias("department_code"),
        "how",
        "score",
        "suggestion",
        "department_how",
    )
    return work.join(found, on=_PAIR, how="left", nulls_equal=True, maintain_order="left")


def _with_named_department(found: pl.DataFrame, departments: pl.DataFrame) -> pl.DataFrame:
    """Return the unmatched pairs whose municipality names its department too: "MEDELLIN (ANTIOQUIA)"."""
    both = r"^(.+?)\s*[,(/\-]\s*([^,()/\-]+?)\s*\)?\s*$"
    own = found.filter(pl.col("how") == "unknown").with_columns(
        _head=pl.col("municipality").str.extract(both, 1), _tail=pl.col("municipality").str.extract(both, 2)
    )
    tails = match_codes(own["_tail"].unique(), departments).select(_tail="value", _tail_code="code")
    own = own.join(tails, on="_tail", how="left").filter(
        pl.col("_tail_code").is_not_null()
        & (pl.col("department_code").is_null() | (pl.col("department_code") == pl.col("_tail_code")))
    )
    return own.with_columns(
        department_code="_tail_code", _text=fold_text(pl.col("_head")), _place=fold_place(pl.col("_head"))
    ).select(column for column in found.columns if column not in _LOOKUP)


def _retry(
    found: pl.DataFrame, again: pl.DataFrame, names: pl.DataFrame, municipalities: pl.DataFrame
) -> pl.DataFrame:
    """Match some pairs anew and put the outcome in the place of the earlier one."""
    others = found.join(again, on=_PAIR, how="anti", nulls_equal=True)
    return pl.concat([others, _match_codes_and_names(again, names, municipalities)])


def _names(municipalities: pl.DataFrame) -> pl.DataFrame:
    """Return every text of every municipality: text, code, department_code, how. Articles off are aliases."""
    base = municipalities.with_columns(
        pl.col("code", "department_code").cast(pl.String), pl.col("aliases").str.split("|")
    ).explode("aliases", empty_as_null=True)
    spellings = [("label_es", "label"), ("label_en", "label"), ("aliases", "alias")]
    texts = [
        base.select(
            text=fold(pl.col(column)), code="code", department_code="department_code", how=pl.lit(how)
        )
        for column, label_how in spellings
        for fold, how in ((fold_text, label_how), (fold_place, "alias"))
    ]
    together = pl.concat(texts).drop_nulls("text").filter(pl.col("text") != "")
    return together.group_by("text", "code", "department_code").agg(pl.col("how").max()).sort("code", "text")


def _match_codes_and_names(
    pairs: pl.DataFrame, names: pl.DataFrame, municipalities: pl.DataFrame
) -> pl.DataFrame:
    """Match by code, by name in the department, and by a name that is unique in the country."""
    codes = lookup_table(municipalities).filter(pl.col("how") == "code").select("text", _by_code="code")
    home = municipalities.select(_by_code=pl.col("code").cast(pl.String), _home="department_code")
    local = names.group_by("text", "department_code").agg(
        _local=pl.col("code").first(), _local_how=pl.col("how").max(), _local_n=pl.col("code").n_unique()
    )
    national = names.group_by("text").agg(
        _national=pl.col("code").first(),
        _national_how=pl.col("how").max(),
        _national_n=pl.col("code").n_unique(),
    )
    work = pairs.join(codes.join(home, on="_by_code"), left_on="_text", right_on="text", how="left")
    for text in ("_text", "_place"):
        work = work.join(
            local.rename({name: f"{text}{name}" for name in local.columns if name.startswith("_")}),
            left_on=[text, "department_code"], right_on=["text", "department_code"], how="left",
        ).join(
            national.rename({name: f"{text}{name}" for name in national.columns if name.startswith("_")}),
            left_on=text, right_on="text", how="left",
        )  # fmt: skip
    work = work.with_columns(
        _best_spelling(name, level).alias(f"_{level}{name}")
        for level in ("local", "national")
        for name in ("", "_how", "_n")
    )
    stated, in_national = pl.col("department_code").is_not_null(), pl.col("_national_n") == 1
    elsewhere = pl.coalesce(pl.when(pl.col("_home") != pl.col("department_code")).then("_by_code"),
                            pl.when(in_national).then("_national"))  # fmt: skip
    by_code = pl.col("_by_code").is_not_null() & (~stated | (pl.col("_home") == pl.col("department_code")))
    how = (
        pl.when(pl.col("_text").is_null())
        .then(None)
        .when(by_code)
        .then(pl.lit("code"))
        .when(pl.col("_local_n") == 1)
        .then("_local_how")
        .when(pl.col("_local_n") > 1)
        .then(pl.lit("ambiguous"))
        .when(stated & (elsewhere.is_not_null() | (pl.col("_national_n") > 1)))
        .then(pl.lit("conflict"))
        .when(~stated & in_national)
        .then("_national_how")
        .when(~stated & (pl.col("_national_n") > 1))
        .then(pl.lit("ambiguous"))
        .otherwise(pl.lit("unknown"))
    )
    work = work.with_columns(how=how)
    code = (
        pl.when(by_code & (pl.col("how") == "code"))
        .then("_by_code")
        .when(pl.col("how").is_in(["label", "alias"]))
        .then(pl.when(stated).then("_local").otherwise("_national"))
    )
    return work.with_columns(
        municipality_code=code,
        score=pl.lit(None, pl.Float64),
        suggestion=pl.when(pl.col("how") == "conflict").then(elsewhere),
    ).select(*pairs.columns, *_LOOKUP)


def _best_spelling(name: str, level: str) -> pl.Expr:
    """Return what the text itself found, else what its folded form found."""
    return pl.coalesce(f"_text_{level}{name}", f"_place_{level}{name}")


def _match_similar(open_: pl.DataFrame, names: pl.DataFrame, threshold: float, margin: float) -> pl.DataFrame:
    """Match what is left by similarity, within the stated department or the country."""
    kept = [column for column in open_.columns if column not in _LOOKUP]
    results = [
        _most_similar(piece.select(kept), candidates, threshold, margin)
        for candidates, group in _groups(open_, names)
        for piece in group.iter_slices(_PIECE)
    ]
    return pl.concat([open_.clear(), *results])


def _groups(open_: pl.DataFrame, names: pl.DataFrame) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    """Yield the names to compare with and the pairs to compare, department by department."""
    for department in open_["department_code"].unique().sort():
        if department is None:
            yield names, open_.filter(pl.col("department_code").is_null())
        else:
            yield (
                names.filter(pl.col("department_code") == department),
                open_.filter(pl.col("department_code") == department),
            )


def _most_similar(
    piece: pl.DataFrame, candidates: pl.DataFrame, threshold: float, margin: float
) -> pl.DataFrame:
    """Add the most similar municipality to each pair of a piece, when it is similar enough and alone."""
    queries = piece["_place"].fill_null("").to_list()
    if candidates.is_empty():
        return _judged(
            piece, np.zeros(len(queries)), np.zeros(len(queries)), [None] * len(queries), threshold, margin
        )
    texts = candidates["text"].to_list()
    scores = np.maximum(
        process.cdist(queries, texts, scorer=fuzz.ratio, dtype=np.float32),
        process.cdist(queries, texts, scorer=fuzz.token_sort_ratio, dtype=np.float32),
    )
    # One column a municipality: the best of its spellings. Candidates are sorted by code.
    codes, starts = np.unique(candidates["code"].to_numpy(), return_index=True)
    by_code = np.maximum.reduceat(scores, starts, axis=1)
    best = by_code.argmax(axis=1)
    rows = np.arange(len(queries))
    best_score = by_code[rows, best]
    by_code[rows, best] = -1
    runner_up = by_code.max(axis=1)
    return _judged(piece, best_score, runner_up, list(codes[best]), threshold, margin)


def _judged(
    piece: pl.DataFrame,
    best_score: np.ndarray,
    runner_up: np.ndarray,
    codes: list[str | None],
    threshold: float,
    margin: float,
) -> pl.DataFrame:
    long_enough = piece["_place"].str.len_chars().fill_null(0).to_numpy() >= _SHORTEST
    taken = (best_score >= threshold) & (best_score - runner_up >= margin) & long_enough
    judged = piece.with_columns(
        _taken=pl.Series(taken),
        _code=pl.Series(codes, dtype=pl.String),
        score=pl.Series(best_score, dtype=pl.Float64),
    )
    return judged.select(
        *piece.columns,
        municipality_code=pl.when("_taken").then("_code"),
        how=pl.when("_taken").then(pl.lit("similar")).otherwise(pl.lit("unknown")),
        score=pl.col("score").round(1),
        suggestion=pl.when(~pl.col("_taken") & (pl.col("score") >= threshold - 15)).then("_code"),
    )
