"""Draws the probability of at least one success against the losses spent on restarts.

For campaigns that count them: circuits trained from measured shots (optimizers adam, spsa and qnspsa), where each
shot asks for the loss of one network, and classical methods. With p the share of restarts that succeed, k
restarts have at least one success with probability 1 - (1 - p)^k, and cost k times the mean of one.
"""

from __future__ import annotations

import math

import numpy as np

from qhn_plot import InputError, data, style
from qhn_plot.style import plt
from qhn_plot.table import Table
from qhn_results import clopper_pearson

HELP = "probability of at least one success against shots or losses spent"
EXAMPLE = "qhn-plot shots results/shots results/descent --epsilon 1e-4 --out shots.pdf"
WIDTHS = (style.NARROW, style.WIDE)
MOST = 10**6  # restarts
POINTS = 120  # of a curve
ENOUGH = 0.99


def add_arguments(parser):
    data.add_campaigns(parser)
    parser.add_argument("--epsilon", type=float, help="gap below which a restart succeeds (default: the least of the first)")
    parser.add_argument(
        "--expectation", action="store_true", help="E(theta) must be below it (default: the loss of the network returned)"
    )


def draw(options):
    if options.epsilon is not None and not 0 < options.epsilon < math.inf:
        raise InputError("--epsilon: allowed: a number above 0")
    campaigns, labels = data.load_campaigns(options.results, options.labels)
    return make_figure(
        campaigns,
        labels,
        epsilon=options.epsilon,
        expectation=options.expectation,
        width=options.width,
        title=options.title,
    )


def make_figure(campaigns, labels, *, epsilon=None, expectation=False, width=style.NARROW, title=""):
    """`campaigns` with their `labels`; a restart succeeds if the loss of its network, or with `expectation` its E, is
    less than `epsilon` above the reference.

    Table: campaign, restarts_spent, losses_spent, probability, low, high."""
    if epsilon is None:
        if not campaigns[0].epsilons:
            raise InputError(f"{campaigns[0].path}: the experiment names no epsilon; allowed: --epsilon")
        epsilon = min(campaigns[0].epsilons)
    found = [_count(campaign, epsilon, expectation) for campaign in campaigns]
    # To where every line is near 1, but those of methods without success.
    ends = [mean * min(max(_needed(count / n), 1), MOST) for count, n, mean in found if count]
    end = 1.2 * max(ends + [mean for _, _, mean in found]) if ends else max(100 * mean for _, _, mean in found)
    style.start()
    figure, axes = plt.subplots(figsize=(width, 2.3 if width < 5 else 3.0), layout="constrained")
    looks = style.looks(data.method_of(c) for c in campaigns)
    rows, none = [], False
    for label, look, (count, restarts, mean) in zip(labels, looks, found):
        most = min(max(int(end / mean), 1), MOST)
        spent = np.unique(np.geomspace(1, most, POINTS).round().astype(np.int64))
        low, high = (float(bound) for bound in clopper_pearson(count, restarts))
        middle, low, high = (_at_least_one(p, spent) for p in (count / restarts, low, high))
        none = none or count == 0
        axes.fill_between(spent * mean, low, high, color=look.color, alpha=0.16, linewidth=0)
        axes.plot(
            spent * mean,
            middle,
            **look._asdict(),
            markevery=[0],
            markeredgecolor="white",
            markeredgewidth=0.4,
            clip_on=False,
        )
        rows += [(label, *row) for row in zip(spent, spent * mean, middle, low, high)]
    axes.axhline(ENOUGH, color=style.GREY, linewidth=0.6, linestyle=":")
    axes.set_xscale("log")
    axes.set_xlim(0.8 * min(mean for _, _, mean in found), end)
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("losses asked for (shots, for circuits)")
    axes.set_ylabel("P [at least one success]")
    style.tidy(axes)
    names = [f"{label}  ({count} of {n})" for label, (count, n, _) in zip(labels, found)]
    what = "E(θ)" if expectation else "the loss of the network returned"
    caption = (
        f"A restart succeeds if {what} is less than {epsilon:g} above the reference. k restarts: 1 − (1 − p)^k, "
        "at k times the mean number of losses of one; a circuit asks for one loss a shot, in training and selection. Marker: one "
        "restart. Bands: from the 95 % Clopper-Pearson interval of p. Dotted: 0.99. Tuning is not counted."
    )
    caption += " No success: the line is 0, the band reaches to what cannot be excluded." if none else ""
    style.finish(figure, [([look.line() for look in looks], names, None)], caption, title)
    columns = "campaign restarts_spent losses_spent probability low high"
    return figure, Table.from_rows(columns.split(), rows)


def _count(campaign, epsilon, expectation):
    """(successes, restarts, mean losses of a restart)."""
    if "oracle_evaluations" not in campaign.records:
        raise InputError(
            f"{campaign.path}: counts no losses, its gradients are exact; allowed: optimizers adam, spsa and qnspsa, "
            "classical methods"
        )
    m = campaign.prefix
    gap = campaign["gap"] if expectation else campaign["best_cost"] - campaign.reference[1]
    mean = float(campaign["oracle_evaluations"][:m].sum(axis=1).mean())
    if mean <= 0:
        raise InputError(f"{campaign.path}: its restarts asked for no losses")
    return int(np.count_nonzero(gap[:m] < epsilon)), m, mean


def _needed(p):
    """Restarts until at least one success has the probability ENOUGH."""
    return 1 if p >= 1 else math.ceil(math.log(1 - ENOUGH) / math.log1p(-p))


def _at_least_one(p, k):
    """1 - (1 - p)^k, exact for small p."""
    return np.ones(len(k)) if p >= 1 else -np.expm1(k * math.log1p(-p))
