"""Means over data sets, differences of them, and their 95 % intervals, by bootstrap with a fixed seed."""

from __future__ import annotations

import numpy as np
from scipy import stats

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


def newcombe(successes, restarts, other, of, confidence=0.95):
    """(low, high) of the difference of two shares: R. G. Newcombe, Statist. Med. 17 (1998) 873, method 10."""
    p, q = successes / restarts, other / of
    one = stats.binomtest(int(successes), int(restarts)).proportion_ci(confidence, method="wilson")
    two = stats.binomtest(int(other), int(of)).proportion_ci(confidence, method="wilson")
    low = p - q - ((p - one.low) ** 2 + (two.high - q) ** 2) ** 0.5
    high = p - q + ((one.high - p) ** 2 + (q - two.low) ** 2) ** 0.5
    return low, high


def difference(counts, restarts, other, of):
    """(difference, low, high, p): mean share of `counts` in `restarts` minus that of `other` in `of`.

    Entries are data sets, the same in both. p: two-sided, of the hypothesis of no difference. One data set: Newcombe's
    interval and Fisher's exact test. Several: the bootstrap draws data sets, and restarts in each; p is that of the
    permutation test that exchanges the two within data sets (all 2^n exchanges up to n = 14, else 20 000 of them), so
    it holds for data sets like these, not for these alone."""
    counts, restarts, other, of = (np.asarray(a, dtype=np.int64) for a in (counts, restarts, other, of))
    p, q = counts / restarts, other / of
    mean = float((p - q).mean())
    if len(counts) == 1:
        table = [[counts[0], restarts[0] - counts[0]], [other[0], of[0] - other[0]]]
        return mean, *newcombe(counts[0], restarts[0], other[0], of[0]), float(stats.fisher_exact(table)[1])
    random = np.random.default_rng(SEED)
    sets = random.integers(len(counts), size=(DRAWS, len(counts)))
    drawn = random.binomial(restarts[sets], p[sets]) / restarts[sets] - random.binomial(of[sets], q[sets]) / of[sets]
    low, high = np.quantile(drawn.mean(axis=1), TAILS)
    test = stats.permutation_test(
        (p, q), _mean_difference, permutation_type="samples", vectorized=True, n_resamples=20000, random_state=SEED
    )
    return mean, min(float(low), mean), max(float(high), mean), float(test.pvalue)


def _mean_difference(p, q, axis):
    return np.mean(p - q, axis=axis).round(12)  # sums that are equal but for rounding count as equal


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
