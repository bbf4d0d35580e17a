"""Means over data sets and their 95 % intervals, by bootstrap with a fixed seed."""

from __future__ import annotations

import numpy as np

from qhn_results import clopper_pearson

DRAWS = 4000
SEED = 1
TAILS = (0.025, 0.975)


def mean_share(counts, restarts):
    """(mean, low, high) of the share of successes, the mean over data sets.

    `counts` of `restarts`: an entry for each data set. One data set: the Clopper-Pearson interval. Several: the
    bootstrap draws data sets, and in each of them restarts; where none or all restarts succeed it has no width, and
    the end that is missing is that of the Clopper-Pearson interval of all restarts as if of one data set."""
    counts, restarts = np.asarray(counts, dtype=np.int64), np.asarray(restarts, dtype=np.int64)
    shares = counts / restarts
    mean = float(shares.mean())
    if len(counts) == 1 or counts.sum() in (0, restarts.sum()):
        low, high = clopper_pearson(counts.sum(), restarts.sum())
        return mean, float(low), float(high)
    random = np.random.default_rng(SEED)
    sets = random.integers(len(counts), size=(DRAWS, len(counts)))
    means = (random.binomial(restarts[sets], shares[sets]) / restarts[sets]).mean(axis=1)
    low, high = np.quantile(means, TAILS)
    return mean, min(float(low), mean), max(float(high), mean)


def mean_value(values):
    """(mean, low, high) of a number of each data set; the bootstrap draws data sets. One: (value, None, None)."""
    values = np.asarray(values, dtype=float)
    mean = float(values.mean())
    if len(values) == 1:
        return mean, None, None
    random = np.random.default_rng(SEED)
    means = values[random.integers(len(values), size=(DRAWS, len(values)))].mean(axis=1)
    low, high = np.quantile(means, TAILS)
    return mean, min(float(low), mean), max(float(high), mean)
