#!/usr/bin/env python3
"""Draws the success probability of one or several campaigns against epsilon.

A line is the share of restarts with E - E_min < epsilon, its band the 95 % Clopper-Pearson interval
at each epsilon; dots mark the experiment's own ladder, side by side around each epsilon.
"""

import argparse
import sys

import looks
from looks import plt

try:
    import numpy as np

    import qhn_results
except ImportError as missing:
    sys.exit(
        f"error: {missing}; Debian: apt-get install python3-h5py python3-numpy python3-scipy "
        "python3-matplotlib, and run with /usr/bin/python3"
    )


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0],
        epilog="example: analysis/success.py results/linear results/product --out success.svg",
    )
    parser.add_argument("results", nargs="+", help="campaign folders or files, drawn in this order")
    parser.add_argument("--out", default="success.png", help="PNG, SVG or PDF (default %(default)s)")
    parser.add_argument("--labels", help="comma-separated, one a campaign (default: their names)")
    parser.add_argument(
        "--range", nargs=2, type=float, metavar=("LOW", "HIGH"), help="of epsilon on the axis"
    )
    parser.add_argument("--title", default="")
    parser.add_argument(
        "--width", type=float, default=8.5, metavar="CM", help="as printed: 8.5 or 17 (default %(default)s)"
    )
    return parser.parse_args()


def axis_range(campaigns):
    """From a decade below the finest epsilon asked for to where every curve has ended."""
    finest = min((e for c in campaigns for e in c.epsilons), default=1e-5)
    gaps = np.concatenate([c["gap"] for c in campaigns])
    gaps = gaps[np.isfinite(gaps) & (gaps > finest)]
    return finest / 10, max(gaps.max(initial=0.0), finest) * 2


def draw(axes, campaign, span, colour, style, marker, width, aside):
    """The line of a campaign; its dots are moved by the factor `aside`, so that none hides another."""
    gaps = campaign["gap"][: campaign.prefix]
    inside = gaps[(gaps > span[0]) & (gaps < span[1])]
    # The share jumps at a gap and nowhere else: one point on each side of it.
    epsilons = np.unique(np.concatenate([span, inside, np.nextafter(inside, np.inf)]))
    curve = campaign.success(epsilons)
    probability, low, high = (
        np.array([getattr(s, field) for s in curve]) for field in ("probability", "low", "high")
    )
    axes.fill_between(epsilons, low, high, color=colour, alpha=0.16, linewidth=0)
    axes.plot(epsilons, probability, linestyle=style, color=colour, linewidth=width)
    ladder = [s for s in campaign.success() if span[0] <= s.epsilon <= span[1]]
    axes.plot(
        [s.epsilon * aside for s in ladder],
        [s.probability for s in ladder],
        marker,
        color=colour,
        markeredgecolor="white",
        markeredgewidth=0.5,
        clip_on=False,
        zorder=3,
    )
    return plt.Line2D([], [], color=colour, linestyle=style, linewidth=width, marker=marker)


def make_figure(campaigns, labels, options):
    looks.start()
    width = options.width * looks.CENTIMETRE
    figure, axes = plt.subplots(figsize=(width, 0.62 * width), layout="constrained")
    span = options.range or axis_range(campaigns)
    colours = looks.palette(len(campaigns))
    handles = []
    for k, campaign in enumerate(campaigns):
        # The first lines are the widest: one that runs below another shows on both sides of it.
        line = 2.2 - 1.2 * k / max(len(campaigns) - 1, 1)
        aside = 10 ** (0.07 * (k - (len(campaigns) - 1) / 2))
        style, marker = looks.STYLES[k % len(looks.STYLES)], looks.MARKERS[k % len(looks.MARKERS)]
        handles.append(draw(axes, campaign, span, colours[k], style, marker, line, aside))
    axes.set_xscale("log")
    axes.set_xlim(span)
    axes.set_ylim(0, 1)
    targets = {campaign.attributes.get("table/reference") == "target" for campaign in campaigns}
    to = {(False,): ("minimum", r"E_{\min}"), (True,): ("target", r"E_\mathrm{target}")}.get(
        tuple(targets), ("minimum or target", r"E_\mathrm{ref}")
    )
    axes.set_xlabel(rf"gap to the {to[0]}, $\epsilon$")
    axes.set_ylabel(rf"success, $P\,[\,E - {to[1]} < \epsilon\,]$")
    looks.tidy(axes)
    names = [f"{label}  (n = {campaign.prefix})" for campaign, label in zip(campaigns, labels)]
    caption = "Bands: 95 % Clopper-Pearson intervals. Dots: the ladder of the experiment, side by side."
    looks.finish(figure, [(handles, names, None)], caption, options.title)
    return figure


def main():
    options = arguments()
    try:
        campaigns = [qhn_results.load(result) for result in options.results]
    except (FileNotFoundError, ValueError) as error:
        sys.exit(f"error: {error}")
    for campaign in campaigns:
        if campaign.prefix == 0:
            sys.exit(f"error: {campaign.path}: restart 0 is not finished, nothing can be estimated")
    labels = options.labels.split(",") if options.labels else [default_label(c) for c in campaigns]
    if len(labels) != len(campaigns):
        sys.exit(f"error: {len(labels)} labels for {len(campaigns)} campaigns")

    looks.save(make_figure(campaigns, labels, options), options.out)


def default_label(campaign):
    """The folder's name, also where its campaign.h5 was named."""
    path = campaign.path.resolve()
    return path.parent.name if path.name == "campaign.h5" else path.stem


if __name__ == "__main__":
    main()
