#!/usr/bin/env python3
"""Draws the success probability of one or several campaigns against epsilon.

A line is the share of restarts with E - E_min < epsilon, its band the 95 % Clopper-Pearson interval
at each epsilon; dots mark the experiment's own ladder.
"""

import argparse
import pathlib
import sys

try:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    import numpy as np

    import qhn_results
except ImportError as missing:
    sys.exit(
        f"error: {missing}; Debian: apt-get install python3-h5py python3-numpy python3-scipy "
        "python3-matplotlib, and run with /usr/bin/python3"
    )

# Okabe and Ito's colours, told apart by colour-blind readers too; lines differ beside.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]
STYLES = ["-", "--", "-.", ":"]


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
    return parser.parse_args()


def axis_range(campaigns):
    """From a decade below the finest epsilon asked for to where every curve has ended."""
    finest = min((e for c in campaigns for e in c.epsilons), default=1e-5)
    gaps = np.concatenate([c["gap"] for c in campaigns])
    gaps = gaps[np.isfinite(gaps) & (gaps > finest)]
    return finest / 10, max(gaps.max(initial=0.0), finest) * 2


def draw(axes, campaign, label, span, colour, style):
    gaps = campaign["gap"][: campaign.prefix]
    inside = gaps[(gaps > span[0]) & (gaps < span[1])]
    # The share jumps at a gap and nowhere else: one point on each side of it.
    epsilons = np.unique(np.concatenate([span, inside, np.nextafter(inside, np.inf)]))
    curve = campaign.success(epsilons)
    probability, low, high = (
        np.array([getattr(s, field) for s in curve]) for field in ("probability", "low", "high")
    )
    text = f"{label}  (n = {campaign.prefix})"
    axes.fill_between(epsilons, low, high, color=colour, alpha=0.16, linewidth=0)
    axes.plot(epsilons, probability, style, color=colour, linewidth=1.8, label=text)
    ladder = [s for s in campaign.success() if span[0] <= s.epsilon <= span[1]]
    axes.plot(
        [s.epsilon for s in ladder],
        [s.probability for s in ladder],
        "o",
        color=colour,
        markersize=5.5,
        markeredgecolor="white",
        clip_on=False,
        zorder=3,
    )


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

    plt.rcParams.update({"font.size": 11, "svg.fonttype": "none", "axes.linewidth": 0.8})
    figure, axes = plt.subplots(figsize=(7.2, 4.4), layout="constrained")
    span = options.range or axis_range(campaigns)
    for k, (campaign, label) in enumerate(zip(campaigns, labels)):
        colour = COLOURS[k % len(COLOURS)]
        draw(axes, campaign, label, span, colour, STYLES[k // len(COLOURS) % len(STYLES)])
    axes.set_xscale("log")
    axes.set_xlim(span)
    axes.set_ylim(0, 1)
    axes.set_xlabel(r"gap to the minimum, $\epsilon$")
    axes.set_ylabel(r"success probability, $P\,[\,E - E_{\min} < \epsilon\,]$")
    axes.grid(True, which="major", color="0.9", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(options.title, loc="left")
    axes.legend(frameon=False, loc="best")

    out = pathlib.Path(options.out)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(out, dpi=200)
    except (OSError, ValueError) as error:
        sys.exit(f"error: cannot write {out}: {error}")
    print(out)


def default_label(campaign):
    """The folder's name, also where its campaign.h5 was named."""
    path = campaign.path.resolve()
    return path.parent.name if path.name == "campaign.h5" else path.stem


if __name__ == "__main__":
    main()
