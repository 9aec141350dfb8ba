"""What open crossings will turn out to be: a logistic model on finished ones, as they stood the same months after.

One model for each direction and month since the crossing, fitted to all finished crossings that were still open then,
with what was known then and nothing later: days since, days against so far, whether the stay goes on, whether the
status before is certain, citizenship, documents in force or run out, age, sex, purpose, how the border was crossed,
crossings in the year before. A model with an intercept is calibrated on average, and each group with a term of its own
is too. The baseline (``rules/forecast.sql``) stands where there is too little to fit.

A crossing counts once in a model; a person with several counts with several, so the spread of a coefficient is not read
off the model: errors of figures come from the outcomes themselves and are checked by backtest.
"""

from __future__ import annotations

import duckdb
import numpy as np
import polars as pl

from register.estimate.chain import Floats

#: Finished crossings of either outcome without which a model is not fitted.
LEAST = 40
#: The pull of coefficients to zero, in crossings.
RIDGE = 1.0
#: Steps at most, and the step that is none.
ROUNDS, SETTLED = 50, 1e-7

_KNOWN = (
    *(
        "is_lasting",
        "is_settled",
        "is_national",
        "is_documented",
        "is_lapsed",
        "age_band",
        "sex",
        "purpose_code",
        "is_by_land",
        "recent",
    ),
    "against",
    "since",
)
_SEEN = "least(days_against // 8, 15) as against, (days_with + days_against) % 30 // 6 as since"
_CELLS = f"""
    select direction, band, {", ".join(_KNOWN)}, round(sum(weight), 6) as n,
        round(sum(case when is_migration then weight else 0.0 end), 6) as n_migration
    from (select *, {_SEEN} from landmark where not is_open)
    group by all order by all
    """
_OPEN = f"""
    select person_id, seq, direction, band, {", ".join(_KNOWN)}
    from (select *, {_SEEN} from landmark where is_open)
    """


def forecast_by_model(con: duckdb.DuckDBPyConnection) -> int:
    """Put the model's shares in the place of the baseline's; return how many models were fitted.

    Reads ``landmark``; changes ``forecast``.
    """
    cells = con.sql(_CELLS).pl()
    if cells.is_empty():
        return 0
    asked = con.sql(_OPEN).pl()
    purposes = cells["purpose_code"].unique().sort().to_list()
    found = []
    for (direction, band), group in cells.group_by("direction", "band", maintain_order=True):
        open_ones = asked.filter((pl.col("direction") == direction) & (pl.col("band") == band))
        happened = float(group["n_migration"].sum())
        if open_ones.is_empty() or min(happened, float(group["n"].sum()) - happened) < LEAST:
            continue
        slope = _fit(_terms(group, purposes), group["n_migration"].to_numpy(), group["n"].to_numpy())
        share = 1 / (1 + np.exp(-_terms(open_ones, purposes) @ slope))
        found.append(open_ones.select("person_id", "seq").with_columns(share=pl.Series(share)))
    if found:
        con.register("modelled", pl.concat(found).to_arrow())
        con.execute(
            "update forecast set share = modelled.share from modelled "
            "where modelled.person_id = forecast.person_id and modelled.seq = forecast.seq"
        )
        con.unregister("modelled")
    return len(found)


def _terms(frame: pl.DataFrame, purposes: list[str]) -> Floats:
    """Return the columns of the model: each known thing, and those that change what an interruption means."""
    lasting, settled, national, documented, lapsed, by_land = (
        frame[name].to_numpy().astype(np.float64)
        for name in ("is_lasting", "is_settled", "is_national", "is_documented", "is_lapsed", "is_by_land")
    )
    against = frame["against"].to_numpy() / 15.0
    since = frame["since"].to_numpy() / 5.0
    columns = [
        np.ones(len(frame)),
        *(
            lasting,
            settled,
            national,
            documented,
            by_land,
            against,
            against**2,
            (against == 0).astype(np.float64),
        ),
        *(
            lasting * national,
            lasting * documented,
            lasting * lapsed,
            lasting * against,
            national * against,
            documented * against,
            lapsed * against,
        ),
        *(since, lasting * since, lasting * settled, national * settled),
        *((frame["age_band"] == band).to_numpy().astype(np.float64) for band in (0, 1, 3)),
        *((frame["recent"] == band).to_numpy().astype(np.float64) for band in (1, 2)),
        (frame["sex"] == "2").to_numpy().astype(np.float64),
        *((frame["purpose_code"] == code).to_numpy().astype(np.float64) for code in purposes[1:]),
    ]
    return np.stack(columns, axis=1)


def _fit(terms: Floats, happened: Floats, tried: Floats) -> Floats:
    """Return the coefficients of a logistic regression on counts, by iteratively reweighted least squares."""
    slope = np.zeros(terms.shape[1])
    slope[0] = np.log(happened.sum() / (tried.sum() - happened.sum()))
    pull = np.full(terms.shape[1], RIDGE)
    pull[0] = 0.0

    def loss(slope: Floats) -> float:
        score = terms @ slope
        return float(tried @ np.logaddexp(0.0, score) - happened @ score + (pull * slope**2).sum() / 2)

    now = loss(slope)
    for _ in range(ROUNDS):
        share = 1 / (1 + np.exp(-np.clip(terms @ slope, -30, 30)))
        weight = tried * share * (1 - share)
        change = np.linalg.solve(
            (terms * weight[:, None]).T @ terms + np.diag(pull),
            terms.T @ (happened - tried * share) - pull * slope,
        )
        # Where hardly anybody migrates a whole step may lead away from the summit, the next one further: half of it.
        while (after := loss(slope + change)) > now and np.abs(change).max() > SETTLED:
            change = change / 2
        slope, now = slope + change, after
        if np.abs(change).max() < SETTLED:
            break
    return slope
