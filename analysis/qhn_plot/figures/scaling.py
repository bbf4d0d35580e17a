"""Draws efficiency and time per gate from the scaling.csv tables of qhn_scaling.

Left: parallel efficiency against ranks, a line per table and quantity. Right: time per rotation of
the circuit (an evaluation has N·D of them). Bars are the range of the repetitions; points of one
number of ranks stand side by side. Rows whose verdict is WRONG are refused.
"""

from __future__ import annotations

import csv
import pathlib

from qhn_plot import InputError, style
from qhn_plot.style import plt
from qhn_plot.table import Table

HELP = "parallel efficiency and time per gate, from scaling.csv"
EXAMPLE = "qhn-plot scaling results/scaling-7/*/scaling.csv --out scaling.svg --machine '4 nodes of …'"
WIDTHS = (style.WIDE, style.NARROW)

NUMBERS = (
    "qubits sublayers ranks threads median_seconds least_seconds most_seconds speedup efficiency "
    "exchange_share bytes_sent bytes_planned"
).split()


def add_arguments(parser):
    parser.add_argument("tables", nargs="+", type=pathlib.Path, help="scaling.csv files")
    parser.add_argument("--machine", default="", help="where it was measured, for the caption")


def draw(options):
    tables = [(path, read_table(path)) for path in options.tables]
    return make_figure(tables, machine=options.machine, width=options.width, title=options.title)


def read_table(path):
    """The rows of a scaling.csv. Raises InputError, also for a row that was found wrong."""
    try:
        with open(path, newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: {getattr(error, 'strerror', None) or error}") from None
    needed = ["mode", "what", "family", "engine", "verdict", *NUMBERS]
    if not rows or not set(needed) <= set(rows[0]):
        raise InputError(f"{path}: found no rows of qhn_scaling; needed columns: {', '.join(needed)}")
    for line, row in enumerate(rows, 2):
        if row["verdict"] == "WRONG":
            raise InputError(f"{path}:{line}: this result was found wrong when it was measured")
        try:
            row.update({name: float(row[name]) for name in NUMBERS})
        except (TypeError, ValueError):
            raise InputError(f"{path}:{line}: not a number in one of {', '.join(NUMBERS)}") from None
    return rows


def make_figure(tables, *, machine="", width=style.WIDE, title=""):
    """`tables`: (path, rows of read_table), a line for each quantity of each.

    Table: panel, series, ranks, value, low, high; efficiency is a share, time per rotation in microseconds."""
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
    style.start()
    figure, (left, right) = plt.subplots(
        *((1, 2) if width > 5 else (2, 1)), figsize=(width, 2.4 if width > 5 else 4.2), layout="constrained"
    )
    looks = style.looks([""] * len(series))
    handles, labels, drawn = [], [], []
    for k, (path, name, mine) in enumerate(series):
        aside = 2 ** (0.05 * (k - (len(series) - 1) / 2))
        ranks = [row["ranks"] * aside for row in mine]
        look = looks[k]._asdict()
        options_of_bars = {"capsize": 2, "elinewidth": 0.8, "markeredgecolor": "white", "markeredgewidth": 0.4}
        times = [[row[f"{t}_seconds"] for row in mine] for t in ("median", "least", "most")]
        shares = [row["efficiency"] for row in mine]
        bars = [
            [e - e * m / b for e, m, b in zip(shares, times[0], times[2])],
            [e * m / a - e for e, m, a in zip(shares, times[0], times[1])],
        ]
        # Tables of equal runs are named by their folders.
        label = name if names.count(name) == 1 else f"{path.parent.name}: {name}"
        for row, share, below, above in zip(mine, shares, *bars):
            drawn.append(("efficiency", label, int(row["ranks"]), share, share - below, share + above))
        left.errorbar(ranks, shares, yerr=bars, **look, **options_of_bars)
        middle, low, high = (
            [1e6 * t / (row["qubits"] * row["sublayers"]) for t, row in zip(of, mine)] for of in times
        )
        for row, *time in zip(mine, middle, low, high):
            drawn.append(("time per rotation (us)", label, int(row["ranks"]), *time))
        bars = [[m - a for m, a in zip(middle, low)], [b - m for m, b in zip(middle, high)]]
        right.errorbar(ranks, middle, yerr=bars, **look, **options_of_bars)
        handles.append(plt.Line2D([], [], **look))
        labels.append(label)
    every = sorted({row["ranks"] for _, rows in tables for row in rows})
    for axes in (left, right):
        axes.set_xscale("log", base=2)
        axes.set_xticks(every, [f"{n:.0f}" for n in every])
        axes.xaxis.set_minor_locator(plt.NullLocator())
        axes.set_xlabel("ranks")
        style.tidy(axes)
    left.axhline(1.0, color="0.35", linewidth=0.8)
    left.set_ylim(bottom=0)
    left.set_ylabel("parallel efficiency")
    right.set_yscale("log")
    right.set_ylabel("time per rotation (µs)")
    caption = (
        "Bars: range of the repetitions. Grey line: ideal. Measured on "
        f"{machine or 'a machine that --machine did not name'}."
    )
    style.finish(figure, [(handles, labels, None)], caption, title)
    return figure, Table.from_rows(("panel", "series", "ranks", "value", "low", "high"), drawn)
