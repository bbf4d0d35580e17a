"""Means over data sets, differences of them, and their 95 % intervals, by bootstrap with a fixed seed."""

from __future__ import annotations

import functools

import numpy as np
from scipy import stats

from qhn_results import clopper_pearson

DRAWS = 4000
SEED = 1
TAILS = (0.025, 0.975)


def mean_share(sets, own_starts=False):
    """(mean, low, high) of the share of successes, the mean over data sets.

    `sets`: for each data set, whether restart 0, 1, … succeeded; `own_starts`: each has other start angles. One: the
    Clopper-Pearson interval. Several with own starts: the bootstrap draws data sets with all their restarts. Else it
    draws restarts as well, for all data sets together, because restart k begins at the same angles in each and mostly
    ends alike (A. B. Owen, Ann. Appl. Stat. 1 (2007) 386). Where none or all restarts succeed it has no width, and
    the end that is missing is that of the Clopper-Pearson interval of all restarts, or of one data set."""
    sets = [np.asarray(each, dtype=float) for each in sets]
    mean = float(np.mean([each.mean() for each in sets]))
    if len(sets) == 1 or mean in (0.0, 1.0):
        independent = sum(map(len, sets)) if own_starts else min(map(len, sets))
        low, high = clopper_pearson(round(mean * independent), independent)
        return mean, float(low), float(high)
    low, high = np.quantile(_drawn_means(sets, own_starts), TAILS)
    return mean, min(float(low), mean), max(float(high), mean)


def _drawn_means(sets, own_starts):
    """The mean over data sets in each draw; restart k is drawn as often in all of them. The same draws for all lists of
    as many data sets and restarts."""
    chosen = np.random.default_rng(SEED).integers(len(sets), size=(DRAWS, len(sets)))
    if own_starts:
        return np.array([each.mean() for each in sets])[chosen].mean(axis=1)
    blocks = [np.stack([_share(weights, each) for each in sets], axis=1) for weights in _weights(max(map(len, sets)))]
    shares = np.concatenate(blocks)
    return np.take_along_axis(shares, chosen, axis=1).mean(axis=1)


def _share(weights, each):
    """Of a data set in each draw; where none of its restarts was drawn, of all of them."""
    weights = weights[:, : len(each)]
    drawn = weights.sum(axis=1)
    return np.where(drawn > 0, weights @ each / np.maximum(drawn, 1), each.mean())


def _weights(restarts):
    """How often each restart is drawn: blocks of draws, (some, restarts)."""
    return _kept_weights(restarts) if restarts <= 1000 else _new_weights(restarts)


@functools.lru_cache(maxsize=2)
def _kept_weights(restarts):
    return list(_new_weights(restarts))


def _new_weights(restarts):
    random, even = np.random.default_rng(SEED + 1), np.full(restarts, 1 / restarts)
    block = max(1, 1_000_000 // restarts)
    for first in range(0, DRAWS, block):
        yield random.multinomial(restarts, even, size=min(block, DRAWS - first)).astype(np.float32)


def newcombe(successes, restarts, other, of, confidence=0.95):
    """(low, high) of the difference of two shares: R. G. Newcombe, Statist. Med. 17 (1998) 873, method 10."""
    p, q = successes / restarts, other / of
    one = stats.binomtest(int(successes), int(restarts)).proportion_ci(confidence, method="wilson")
    two = stats.binomtest(int(other), int(of)).proportion_ci(confidence, method="wilson")
    low = p - q - ((p - one.low) ** 2 + (two.high - q) ** 2) ** 0.5
    high = p - q + ((one.high - p) ** 2 + (q - two.low) ** 2) ** 0.5
    return low, high


def difference(sets, others, own_starts=False):
    """(difference, low, high, p): mean share of successes of `sets` minus that of `others`.

    All as in mean_share(), both of the same data sets. p: two-sided, of the hypothesis of no difference. One data set:
    Newcombe's interval and Fisher's exact test. Several: the bootstrap of mean_share(), with the same draws for both.
    p: a permutation test exchanges the two within data sets; without `own_starts` another one exchanges them within
    restarts, for all data sets together, and p is the larger of both. So it holds for other data sets and other starts
    than these. A test tries all 2^n exchanges up to n = 14, else 20 000 of them."""
    sets, others = ([np.asarray(each, dtype=float) for each in lists] for lists in (sets, others))
    shares, other_shares = (np.array([each.mean() for each in lists]) for lists in (sets, others))
    mean = float((shares - other_shares).mean())
    if len(sets) == 1:
        (one, two), (n, m) = (int(each[0].sum()) for each in (sets, others)), (len(sets[0]), len(others[0]))
        table = [[one, n - one], [two, m - two]]
        return mean, *newcombe(one, n, two, m), float(stats.fisher_exact(table)[1])
    low, high = np.quantile(_drawn_means(sets, own_starts) - _drawn_means(others, own_starts), TAILS)
    p = _exchange(shares, other_shares)
    if own_starts:
        return mean, min(float(low), mean), max(float(high), mean), p
    least = min(map(len, sets + others))
    of_restarts = (np.mean([each[:least] for each in lists], axis=0) for lists in (sets, others))
    return mean, min(float(low), mean), max(float(high), mean), max(p, _exchange(*of_restarts))


def _exchange(a, b):
    """p of the hypothesis that a[k] and b[k] come from one distribution, by exchanging them."""
    test = stats.permutation_test(
        (a, b), _mean_difference, permutation_type="samples", vectorized=True, n_resamples=20000,
        batch=max(1, 1_000_000 // len(a)),
        random_state=SEED,
    )  # fmt: skip
    return float(test.pvalue)


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
