#!/usr/bin/env python3
"""Draws efficiency and time per gate from the scaling.csv tables of qhn_scaling.

Left: parallel efficiency against ranks, a line per table and quantity. Right: time per rotation of
the circuit (an evaluation has N·D of them). Bars are the range of the repetitions; points of one
number of ranks stand side by side. Rows whose verdict is WRONG are refused.
"""

import argparse
import csv
import pathlib
import sys

import looks
from looks import plt

NUMBERS = (
    "qubits sublayers ranks threads median_seconds least_seconds most_seconds speedup efficiency "
    "exchange_share bytes_sent bytes_planned"
).split()


def read_table(path):
    try:
        with open(path, newline="") as file:
            rows = list(csv.DictReader(file))
    except OSError as error:
        sys.exit(f"error: {path}: {error.strerror}")
    if not rows or not set(NUMBERS) <= set(rows[0]):
        sys.exit(f"error: {path}: found no rows of qhn_scaling; needed columns: {', '.join(NUMBERS)}")
    for line, row in enumerate(rows, 2):
        if row["verdict"] == "WRONG":
            sys.exit(f"error: {path}:{line}: this result was found wrong when it was measured")
        try:
            row.update({name: float(row[name]) for name in NUMBERS})
        except (TypeError, ValueError):
            sys.exit(f"error: {path}:{line}: not a number in one of {', '.join(NUMBERS)}")
    return rows


def make_figure(tables, options):
    """`tables`: (path, rows), a line for each quantity of each."""
    series = []
    for path, rows in tables:
        kinds = {}
        for row in rows:
            name = (
                f"{row['mode']}, {row['what']}, {row['family']} N {row['qubits']:.0f} "
                f"D {row['sublayers']:.0f}, {row['engine']}"
            )
            if row["mode"] == "weak":  # a qubit more per doubling
                name = f"weak, {row['what']}, {row['family']} from N {rows[0]['qubits']:.0f}, {row['engine']}"
            kinds.setdefault(name, []).append(row)
        for name, mine in kinds.items():
            series.append((path, name, mine))
    names = [name for _, name, _ in series]
    looks.start()
    figure, (left, right) = plt.subplots(1, 2, figsize=(looks.PAGE, 2.4), layout="constrained")
    colours = looks.palette(len(series))
    handles, labels = [], []
    for k, (path, name, mine) in enumerate(series):
        aside = 2 ** (0.05 * (k - (len(series) - 1) / 2))
        ranks = [row["ranks"] * aside for row in mine]
        style = {
            "color": colours[k],
            "marker": looks.MARKERS[k % len(looks.MARKERS)],
            "linestyle": looks.STYLES[k % len(looks.STYLES)],
        }
        options_of_bars = {"capsize": 2, "elinewidth": 0.8, "markeredgecolor": "white", "markeredgewidth": 0.4}
        times = [[row[f"{t}_seconds"] for row in mine] for t in ("median", "least", "most")]
        shares = [row["efficiency"] for row in mine]
        bars = [
            [e - e * m / b for e, m, b in zip(shares, times[0], times[2])],
            [e * m / a - e for e, m, a in zip(shares, times[0], times[1])],
        ]
        left.errorbar(ranks, shares, yerr=bars, **style, **options_of_bars)
        middle, low, high = (
            [1e6 * t / (row["qubits"] * row["sublayers"]) for t, row in zip(of, mine)] for of in times
        )
        bars = [[m - a for m, a in zip(middle, low)], [b - m for m, b in zip(middle, high)]]
        right.errorbar(ranks, middle, yerr=bars, **style, **options_of_bars)
        handles.append(plt.Line2D([], [], **style))
        # Tables of equal runs are told apart by their folders.
        labels.append(name if names.count(name) == 1 else f"{path.parent.name}: {name}")
    every = sorted({row["ranks"] for _, rows in tables for row in rows})
    for axes in (left, right):
        axes.set_xscale("log", base=2)
        axes.set_xticks(every, [f"{n:.0f}" for n in every])
        axes.xaxis.set_minor_locator(plt.NullLocator())
        axes.set_xlabel("ranks")
        looks.tidy(axes)
    left.axhline(1.0, color="0.35", linewidth=0.8)
    left.set_ylim(bottom=0)
    left.set_ylabel("parallel efficiency")
    right.set_yscale("log")
    right.set_ylabel("time per rotation (µs)")
    caption = (
        "Bars: range of the repetitions. Grey line: ideal. Measured on "
        f"{options.machine or 'a machine that --machine did not name'}."
    )
    looks.finish(figure, [(handles, labels, None)], caption, options.title)
    return figure


def main():
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0],
        epilog="example: analysis/scaling.py results/scaling-7/*/scaling.csv --out scaling.svg "
        "--machine '4 nodes of …'",
    )
    parser.add_argument("tables", nargs="+", type=pathlib.Path, help="scaling.csv files")
    parser.add_argument("--out", default="scaling.png", help="PNG, SVG or PDF (default %(default)s)")
    parser.add_argument("--title", default="")
    parser.add_argument("--machine", default="", help="where it was measured, for the caption")
    options = parser.parse_args()
    tables = [(path, read_table(path)) for path in options.tables]
    looks.save(make_figure(tables, options), options.out)


if __name__ == "__main__":
    main()
