"""Draws the success probability of one or several campaigns against epsilon.

A line is the share of restarts with E - E_min < epsilon, its band the 95 % Clopper-Pearson interval at
each epsilon; with more than six lines, bars at the markers in place of bands. Markers are the thresholds
of the experiment file. Of a sweep all points are drawn.
"""

from __future__ import annotations

import numpy as np

from qhn_plot import InputError, data, style
from qhn_plot.style import plt
from qhn_plot.table import Table

HELP = "success probability against epsilon, a line a campaign"
EXAMPLE = "qhn-plot success results/linear results/product --out success.svg"
WIDTHS = (style.NARROW, style.WIDE)


def add_arguments(parser):
    data.add_campaigns(parser)
    parser.add_argument(
        "--range", nargs=2, type=float, metavar=("LOW", "HIGH"), help="of epsilon on the axis"
    )


def draw(options):
    if options.range and not 0 < options.range[0] < options.range[1] < np.inf:
        raise InputError("--range: allowed: two numbers above 0, the lower first")
    campaigns, labels = data.load_campaigns(options.results, options.labels)
    return make_figure(campaigns, labels, span=options.range, width=options.width, title=options.title)


def axis_range(campaigns):
    """From a decade below the finest epsilon asked for to where every curve has ended."""
    finest = min((e for c in campaigns for e in c.epsilons), default=1e-5)
    gaps = np.concatenate([c["gap"] for c in campaigns])
    gaps = gaps[np.isfinite(gaps) & (gaps > finest)]
    return finest / 10, max(gaps.max(initial=0.0), finest) * 2


def make_figure(campaigns, labels, *, span=None, width=style.NARROW, title=""):
    """`campaigns` with their `labels`; `span`: (lowest, highest) epsilon on the axis.

    Table: campaign, drawn ("line" or "marker"), epsilon, count, restarts, probability, low, high."""
    style.start()
    figure, axes = plt.subplots(figsize=(width, max(0.62 * width, 2.0) if width < 5 else 3.2), layout="constrained")
    span = tuple(span or axis_range(campaigns))
    looks = style.looks(data.method_of(c) for c in campaigns)
    handles, rows = [], []
    for k, (campaign, label, look) in enumerate(zip(campaigns, labels, looks)):
        # The first lines are the widest: one that runs below another shows on both sides of it.
        line = 2.2 - 1.2 * k / max(len(campaigns) - 1, 1)
        aside = 10 ** (min(0.07, 0.5 / len(campaigns)) * (k - (len(campaigns) - 1) / 2))
        curve, ladder = _draw(axes, campaign, span, look, line, aside, len(campaigns) <= style.MOST_BANDS)
        rows += [(label, what, *s) for what, part in (("line", curve), ("marker", ladder)) for s in part]
        handles.append(look.line(linewidth=line))
    axes.set_xscale("log")
    axes.set_xlim(span)
    axes.set_ylim(0, 1)
    targets = {campaign.attributes.get("table/reference") == "target" for campaign in campaigns}
    to = {(False,): ("minimum", r"E_{\min}"), (True,): ("target", r"E_\mathrm{target}")}.get(
        tuple(targets), ("minimum or target", r"E_\mathrm{ref}")
    )
    axes.set_xlabel(rf"gap to the {to[0]}, $\epsilon$ (units of the loss)")
    axes.set_ylabel(rf"success, $P\,[\,E - {to[1]} < \epsilon\,]$")
    style.tidy(axes)
    names = [f"{label}  (n = {campaign.prefix})" for campaign, label in zip(campaigns, labels)]
    caption = "Bands" if len(campaigns) <= style.MOST_BANDS else "Bars"
    caption += ": 95 % Clopper-Pearson intervals. Markers: the thresholds of the experiment file"
    caption += ", shifted sideways so that none hides another." if len(campaigns) > 1 else "."
    style.finish(figure, [(handles, names, None)], caption, title)
    return figure, Table.from_rows(
        ("campaign", "drawn", "epsilon", "count", "restarts", "probability", "low", "high"), rows
    )


def _draw(axes, campaign, span, look, width, aside, banded):
    """Draws a campaign, its markers moved by the factor `aside`; returns the Success of every point drawn."""
    gaps = campaign["gap"][: campaign.prefix]
    inside = gaps[(gaps > span[0]) & (gaps < span[1])]
    # The share jumps at a gap and nowhere else: one point on each side of it.
    epsilons = np.unique(np.concatenate([span, inside, np.nextafter(inside, np.inf)]))
    curve = campaign.success(epsilons)
    if banded:
        low, high = [s.low for s in curve], [s.high for s in curve]
        axes.fill_between(epsilons, low, high, color=look.color, alpha=0.16, linewidth=0)
    axes.plot(
        epsilons, [s.probability for s in curve], linestyle=look.linestyle, color=look.color, linewidth=width
    )
    ladder = [s for s in campaign.success() if span[0] <= s.epsilon <= span[1]]
    if not banded:
        places = [s.epsilon * aside for s in ladder]
        axes.vlines(places, [s.low for s in ladder], [s.high for s in ladder], color=look.color, linewidth=0.7)
    axes.plot(
        [s.epsilon * aside for s in ladder],
        [s.probability for s in ladder],
        look.marker,
        color=look.color,
        markeredgecolor="white",
        markeredgewidth=0.5,
        clip_on=False,
        zorder=3,
    )
    return curve, ladder
