"""The logistic regression that tells how often open crossings turn out to be migrations."""

from __future__ import annotations

import numpy as np

from register.estimate.outcome import RIDGE, _fit


def test_it_finds_the_summit_even_where_whole_steps_lead_away_from_it() -> None:
    rng = np.random.default_rng(7)
    terms = np.c_[np.ones(400), rng.random((400, 3)), (np.arange(400) % 40 == 0) * 6.0]
    tried = np.full(400, 1000.0)
    share = 1 / (1 + np.exp(7 - terms @ np.array([0.0, 1.0, -1.0, 0.5, 2.0])))
    happened = rng.binomial(1000, share).astype(float)
    slope = _fit(terms, happened, tried)
    pull = RIDGE * slope
    pull[0] = 0.0
    expected = tried / (1 + np.exp(-terms @ slope))
    assert np.abs(terms.T @ (happened - expected) - pull).max() < 1e-3
    # With an intercept it is calibrated on average.
    assert abs(happened.sum() - expected.sum()) < 1e-3
