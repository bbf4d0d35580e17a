#!/usr/bin/env python3
"""Draws efficiency and time per gate from the scaling.csv tables of qhn_scaling.

Left: parallel efficiency against ranks, a line per table and quantity. Right: time per rotation of
the circuit (an evaluation has N·D of them) with the range of the repetitions. Rows whose verdict is
WRONG are refused.
"""

import argparse
import csv
import pathlib
import sys

try:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
except ImportError as missing:
    sys.exit(
        f"error: {missing}; Debian: apt-get install python3-matplotlib, and run with /usr/bin/python3"
    )

NUMBERS = (
    "qubits sublayers ranks threads median_seconds least_seconds most_seconds speedup efficiency "
    "exchange_share bytes_sent bytes_planned"
).split()
# Okabe and Ito's colours.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]


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


def main():
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0],
        epilog="example: analysis/scaling.py results/scaling-7/*/scaling.csv --out scaling.svg",
    )
    parser.add_argument("tables", nargs="+", type=pathlib.Path, help="scaling.csv files")
    parser.add_argument("--out", default="scaling.png", help="PNG, SVG or PDF (default %(default)s)")
    parser.add_argument("--title", default="")
    options = parser.parse_args()

    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8), constrained_layout=True)
    lines = 0
    for path in options.tables:
        rows = read_table(path)
        for what in dict.fromkeys(row["what"] for row in rows):
            mine = [row for row in rows if row["what"] == what]
            first = mine[0]
            label = (
                f"{first['mode']}, {what}, {first['family']} N {first['qubits']:.0f} "
                f"D {first['sublayers']:.0f}, {first['engine']}"
            )
            style = {"color": COLOURS[lines % len(COLOURS)], "marker": "os^Dv"[lines % 5]}
            lines += 1
            ranks = [row["ranks"] for row in mine]
            left.plot(ranks, [row["efficiency"] for row in mine], label=label, **style)
            gates = [row["qubits"] * row["sublayers"] for row in mine]
            middle = [1e6 * row["median_seconds"] / n for row, n in zip(mine, gates)]
            low = [1e6 * row["least_seconds"] / n for row, n in zip(mine, gates)]
            high = [1e6 * row["most_seconds"] / n for row, n in zip(mine, gates)]
            spread = [
                [m - a for m, a in zip(middle, low)],
                [b - m for m, b in zip(middle, high)],
            ]
            right.errorbar(ranks, middle, yerr=spread, capsize=3, label=label, **style)
    for axes in (left, right):
        axes.set_xscale("log", base=2)
        axes.set_xlabel("ranks")
        axes.grid(alpha=0.3)
    left.axhline(1.0, color="grey", linewidth=0.8)
    left.set_ylim(bottom=0)
    left.set_ylabel("parallel efficiency")
    right.set_yscale("log")
    right.set_ylabel("time per rotation (µs)")
    right.legend(fontsize=7)
    if options.title:
        figure.suptitle(options.title)
    figure.savefig(options.out, dpi=150)
    print(f"wrote {options.out}")


if __name__ == "__main__":
    main()
