"""Draws the costs of all networks: a histogram, and the minima with respect to flips of one bit.

Source: what `qhn landscape EXPERIMENT --json --lowest 1000` printed, as a file or from standard input
(-), or an experiment file, for which the program is run.
"""

from __future__ import annotations

import numpy as np

from qhn_plot import InputError, program, style
from qhn_plot.style import plt
from qhn_plot.table import Table

HELP = "histogram of the costs, one-flip minima and their basins"
EXAMPLE = "qhn-plot landscape jobs/experiments/gaussian.toml --out landscape.pdf"
WIDTHS = (style.WIDE, style.NARROW)
COLOR, OTHER = style.LOOKS["descent"].color, "#0072B2"


def add_arguments(parser):
    parser.add_argument("source", help="a JSON file, - or an experiment file (.toml)")
    parser.add_argument("--bins", type=int, default=40, help="of the histogram, for an experiment (default %(default)s)")
    parser.add_argument("--lowest", type=int, default=1000, help="minima, for an experiment (default %(default)s)")
    program.add_options(parser)


def draw(options):
    more = ("--bins", options.bins, "--lowest", options.lowest)
    found = program.documents([options.source], "landscape", options, *more)
    if len(found) != 1:
        raise InputError(f"{options.source}: holds {len(found)} problems; allowed: one")
    return make_figure(found[0][1], width=options.width, title=options.title)


def make_figure(landscape, *, width=style.WIDE, title=""):
    """`landscape`: the JSON object of qhn landscape.

    Table: panel ("histogram": x = lower edge, x_end = upper edge, y = networks; "minima": x = gap, y = share of
    starts from which descent ends there; "optimum": y = share of starts that reach E_min), x, x_end, y."""
    try:
        edges = np.array(landscape["histogram"]["edges"], dtype=float)
        counts = np.array(landscape["histogram"]["counts"], dtype=float)
        starts = 2.0 ** int(landscape["qubits"])
        gaps = np.array([m["gap"] for m in landscape["minima"]], dtype=float)
        basins = np.array([m["basin"] for m in landscape["minima"]], dtype=float) / starts
        reached, every = float(landscape["descent_success"]), int(landscape["local_minima"])
        if len(edges) != len(counts) + 1:
            raise ValueError
    except (KeyError, TypeError, ValueError):
        raise InputError("holds no histogram and minima; is it of qhn landscape --json?") from None
    style.start()
    shape, height = ((1, 2), 2.4) if width > 5 else ((2, 1), 4.0)
    figure, (left, right) = plt.subplots(*shape, figsize=(width, height), layout="constrained")
    left.bar(edges[:-1], counts, np.diff(edges), align="edge", color=OTHER, edgecolor="white", linewidth=0.4)
    left.set_yscale("log")
    left.set_ylim(bottom=0.7)
    if edges[-1] > edges[0]:
        left.set_xlim(edges[0], edges[-1])
    left.set_xlabel("cost (units of the loss)")
    left.set_ylabel("networks")
    seen = basins > 0
    right.plot(gaps[seen], basins[seen], "v", color=COLOR, markersize=3, markeredgewidth=0, alpha=0.75)
    if reached > 0:
        right.plot(0, reached, "*", color="black", markersize=7, clip_on=False, zorder=3)
    right.set_yscale("log")
    spread = gaps.max(initial=0.0) or (edges[-1] - edges[0]) or 1.0
    right.set_xlim(-0.04 * spread, 1.04 * spread)
    right.set_xlabel(r"gap of the minimum, $C - E_{\min}$ (units of the loss)")
    right.set_ylabel("share of starts")
    for axes in (left, right):
        style.tidy(axes)
    handles = [
        plt.Line2D([], [], color=COLOR, marker="v", markersize=3, linestyle="", markeredgewidth=0),
        plt.Line2D([], [], color="black", marker="*", markersize=7, linestyle=""),
    ]
    names = ["starts from which descent ends in a one-flip minimum"]
    names += [f"starts that end at the optimum: {100 * reached:.3g} %"]
    caption = f"{every} one-flip minima" + (f", the {len(gaps)} lowest drawn." if len(gaps) < every else ".")
    caption += f" Steepest one-flip descent from each of the {starts:.0f} networks."
    style.finish(figure, [(handles, names, None)], caption, title)
    rows = [("histogram", *row) for row in zip(edges[:-1], edges[1:], counts.astype(int))]
    rows += [("minima", gap, None, share) for gap, share in zip(gaps[seen], basins[seen])]
    rows += [("optimum", 0.0, None, reached)]
    return figure, Table.from_rows(("panel", "x", "x_end", "y"), rows)
