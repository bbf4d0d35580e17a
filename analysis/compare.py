#!/usr/bin/env python3
"""Draws success against the cost of a training, one panel a ledger.

Reads what `qhn compare --format csv` prints. Full enumeration is the dashed line of a panel. Circuits
that are simulated and classical methods have a panel each: their costs on a computer do not compare.
"""

import argparse
import collections
import csv
import pathlib
import sys

try:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
except ImportError as missing:
    sys.exit(f"error: {missing}; Debian: apt-get install python3-matplotlib, run with /usr/bin/python3")

# Okabe and Ito's colours, told apart by colour-blind readers too; markers differ beside.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]
MARKERS = "osD^vP*X"
ENUMERATION = "full enumeration"
# Table, quantity on the axis, its label, title of the panel.
PANELS = [
    ("oracle", "losses a training", "losses over all training samples", "Oracle"),
    ("circuits", "s a training", "seconds a training", "Simulating circuits on this machine"),
    ("classical", "s a training", "seconds a training", "Classical methods on this machine"),
    ("projected", "J a training", "joules a training, low to high", "Projected hardware, not measured"),
]


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0],
        epilog="example: qhn compare results/h2 results/h2-baseline/* --format csv >h2.csv; "
        "analysis/compare.py h2.csv --out h2.png",
    )
    parser.add_argument("table", help="what qhn compare --format csv printed")
    parser.add_argument("--out", default="compare.png", help="PNG, SVG or PDF (default %(default)s)")
    parser.add_argument("--title", default="")
    return parser.parse_args()


def read(path):
    """{table: {(method, success by): {(case, quantity): (value, low, high)}}}"""
    tables = collections.defaultdict(lambda: collections.defaultdict(dict))
    with open(path, newline="", encoding="utf-8") as file:
        rows = csv.DictReader(file)
        if rows.fieldnames is None or rows.fieldnames[:3] != ["table", "method", "success_by"]:
            raise ValueError("not the csv of qhn compare")
        for row in rows:
            numbers = tuple(float(row[k]) for k in ("value", "low", "high"))
            tables[row["table"]][row["method"], row["success_by"]][row["case"], row["quantity"]] = numbers
    return tables


def draw(axes, tables, panel, looks):
    table, quantity, label, title = panel
    for who, numbers in tables[table].items():
        if who[0] == ENUMERATION:
            cost = numbers.get(("", quantity)) or numbers.get(("on this machine", quantity))
            if cost:
                axes.axvline(cost[0], color="0.4", linestyle="--", linewidth=1.2)
            continue
        success = tables["success"][who]["", "probability"]
        cost = numbers.get(("", quantity)) or numbers.get(("central", quantity))
        if cost is None:
            continue
        # Of the projection the cases are the bar, of the other ledgers the interval.
        low = numbers.get(("low", quantity), cost)[0 if ("low", quantity) in numbers else 1]
        high = numbers.get(("high", quantity), cost)[0 if ("high", quantity) in numbers else 2]
        colour, marker = looks[who]
        axes.errorbar(
            cost[0],
            success[0],
            xerr=[[cost[0] - low], [high - cost[0]]],
            yerr=[[success[0] - success[1]], [success[2] - success[0]]],
            fmt=marker,
            color=colour,
            markersize=6,
            markeredgecolor="white",
            elinewidth=1.0,
            label=f"{who[0]}, {who[1]}",
        )
    axes.set_xscale("log")
    axes.set_ylim(-0.03, 1.03)
    axes.set_xlabel(label)
    axes.set_ylabel("success probability")
    axes.set_title(title, loc="left", fontsize=10)
    axes.grid(True, which="major", color="0.9", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def main():
    options = arguments()
    try:
        tables = read(options.table)
    except (OSError, ValueError, KeyError) as error:
        sys.exit(f"error: {options.table}: {error}")
    rows = [who for who in tables["success"] if who[0] != ENUMERATION]
    looks = {
        who: (COLOURS[k % len(COLOURS)], MARKERS[k // len(COLOURS) % len(MARKERS)])
        for k, who in enumerate(rows)
    }
    panels = [panel for panel in PANELS if tables[panel[0]]]
    plt.rcParams.update({"font.size": 9, "svg.fonttype": "none", "axes.linewidth": 0.8})
    figure, axes = plt.subplot_mosaic(
        [[0, 1], [2, 3], ["legend", "legend"]],
        figsize=(9.5, 9.5),
        layout="constrained",
        gridspec_kw={"height_ratios": [3, 3, 1.4]},
    )
    legend = {}
    for k in range(4):
        if k >= len(panels):
            axes[k].set_axis_off()
            continue
        draw(axes[k], tables, panels[k], looks)
        handles, labels = axes[k].get_legend_handles_labels()
        legend.update(zip(labels, handles))
    line = plt.Line2D([], [], color="0.4", linestyle="--", linewidth=1.2)
    axes["legend"].set_axis_off()
    axes["legend"].legend(
        [*legend.values(), line], [*legend, ENUMERATION], loc="center", ncols=3, frameon=False, fontsize=8
    )
    figure.suptitle(options.title, x=0.01, ha="left")
    try:
        pathlib.Path(options.out).parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(options.out, dpi=150)
    except (OSError, ValueError) as error:
        sys.exit(f"error: cannot write {options.out}: {error}")
    print(options.out)


if __name__ == "__main__":
    main()
