"""Draws success and cost of a training, a row for each method, a column for each ledger.

Reads what `qhn compare --format csv` prints. Full enumeration is the dashed line of a panel. Circuits
that are simulated and classical methods have rows of panels of their own: their costs on a computer do
not compare. A panel without a number is left out and named below.
"""

from __future__ import annotations

import collections
import csv
import math

from qhn_plot import InputError, style
from qhn_plot.style import plt
from qhn_plot.table import Table

HELP = "success and cost of methods, from qhn compare --format csv"
EXAMPLE = "qhn compare results/h2 results/h2-baseline/* --format csv >h2.csv; qhn-plot compare h2.csv --out h2.png"
WIDTHS = (style.WIDE,)

ENUMERATION = "full enumeration"
BLOCKS = {
    "circuits": ("Simulating circuits on this machine", "#0072B2", "o"),
    "classical": ("Classical methods on this machine", "#D55E00", "s"),
}
# Table ("here": that of the block), quantity on the axis, its label, title of the column.
COLUMNS = [
    ("success", "probability", "probability", "Success"),
    ("oracle", "losses a training", "losses a training", "Oracle"),
    ("here", "s a training", "s a training", "On this machine"),
    ("projected", "J a training", "J a training", "Projected"),
]


def add_arguments(parser):
    parser.add_argument("table", help="what qhn compare --format csv printed")
    parser.add_argument("--machine", default="", help="that the seconds are of, for the caption")


def draw(options):
    return make_figure(
        read(options.table), machine=options.machine, width=options.width, title=options.title, source=options.table
    )


def read(path):
    """{table: {(method, success by): {(case, quantity): (value, low, high)}}}. Raises InputError, OSError."""
    try:
        return _read(path)
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: {error}") from None


def _read(path):
    tables = collections.defaultdict(lambda: collections.defaultdict(dict))
    with open(path, newline="", encoding="utf-8") as file:
        rows = csv.DictReader(file)
        if rows.fieldnames is None or rows.fieldnames[:3] != ["table", "method", "success_by"]:
            raise ValueError("not the csv of qhn compare")
        for row in rows:
            numbers = tuple(float(row[k] or "inf") for k in ("value", "low", "high"))  # empty: unbounded
            tables[row["table"]][row["method"], row["success_by"]][row["case"], row["quantity"]] = numbers
    return tables


def figure_of(numbers, quantity):
    """(value, low, high) of a row, or None. Of the projection the cases are the bar."""
    value = numbers.get(("", quantity)) or numbers.get(("central", quantity))
    if value is None or not math.isfinite(value[0]):
        return None
    low, high = value[1:]
    if ("low", quantity) in numbers and ("high", quantity) in numbers:
        low, high = numbers["low", quantity][0], numbers["high", quantity][0]
    inside = [x if math.isfinite(x) else value[0] for x in (low, high)]
    return value[0], min(inside[0], value[0]), max(inside[1], value[0])


def panel_numbers(tables, rows, block, column):
    """A number for each row, None where there is none."""
    table = block if column[0] == "here" else column[0]
    return [figure_of(tables[table].get(who, {}), column[1]) for who in rows]


def enumeration(tables, block, column):
    for (method, _), numbers in tables[block if column[0] == "here" else column[0]].items():
        if method == ENUMERATION and column[0] != "success":
            cost = numbers.get(("", column[1])) or numbers.get(("on this machine", column[1]))
            if cost and math.isfinite(cost[0]) and cost[0] > 0:
                return cost[0]
    return None


def _draw(axes, numbers, color, marker, line, logarithmic):
    for k, number in enumerate(numbers):
        if number is None or (logarithmic and number[0] <= 0):
            continue
        value, low, high = number
        axes.errorbar(
            value,
            k,
            xerr=[[value - max(low, 0)], [high - value]],
            fmt=marker,
            color=color,
            markeredgecolor="white",
            markeredgewidth=0.4,
            elinewidth=1.0,
        )
    if line is not None:
        axes.axvline(line, color="0.35", linestyle="--", linewidth=0.9)
    if logarithmic:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(plt.LogLocator(numticks=5))
        axes.xaxis.set_minor_locator(plt.NullLocator())
    else:
        axes.set_xlim(-0.03, 1.03)
    style.tidy(axes)


def make_figure(tables, *, machine="", width=style.WIDE, title="", source="the table"):
    """`tables` as read() returns them; `machine` and `source` name where they were measured, and the file.

    Table: panel, method, success_by, quantity, value, low, high; full enumeration is the line of a panel."""
    rows = {
        block: [who for who in tables["success"] if who in tables[block] and who[0] != ENUMERATION]
        for block in BLOCKS
    }
    panels, missing = {}, []
    for block in BLOCKS:
        for column in COLUMNS:
            numbers = panel_numbers(tables, rows[block], block, column)
            if any(n is not None for n in numbers):
                panels[block, column] = numbers
            elif rows[block]:
                missing.append(f"{column[3].lower()}, {block}")
    if not panels:
        raise InputError(f"{source}: no method with a number: nothing to draw")
    columns = [c for c in COLUMNS if any(c == column for _, column in panels)]
    blocks = [block for block in BLOCKS if rows[block]]
    style.start()
    height = sum(0.15 * len(rows[block]) + 0.55 for block in blocks)
    figure = plt.figure(figsize=(width, height), layout="constrained")
    grid = figure.add_gridspec(
        len(blocks), len(columns), height_ratios=[0.15 * len(rows[block]) + 0.1 for block in blocks]
    )
    lined, shared, drawn = False, {}, []
    for row, block in enumerate(blocks):
        _, color, marker = BLOCKS[block]
        for place, column in enumerate(columns):
            if (block, column) not in panels:
                continue
            # Losses compare between the blocks, seconds of a computer do not.
            above = shared.get(column) if column[0] in ("success", "oracle") else None
            axes = figure.add_subplot(grid[row, place], sharex=above)
            shared.setdefault(column, axes)
            line = enumeration(tables, block, column)
            lined = lined or line is not None
            for who, number in zip(rows[block], panels[block, column]):
                if number is not None and (column[0] == "success" or number[0] > 0):
                    drawn.append((f"{column[3]}, {block}", *who, column[1], *number))
            if line is not None:
                drawn.append((f"{column[3]}, {block}", ENUMERATION, "", column[1], line, None, None))
            _draw(axes, panels[block, column], color, marker, line, column[0] != "success")
            axes.set_ylim(len(rows[block]) - 0.4, -0.6)
            axes.set_yticks(range(len(rows[block])))
            names = [style.plain(f"{method}, {by}", 52) for method, by in rows[block]]
            axes.set_yticklabels(names if place == 0 else [""] * len(names))
            axes.tick_params(axis="y", length=0)
            axes.set_xlabel(column[2])
            if row == 0 or (blocks[0], column) not in panels:
                axes.set_title(column[3], loc="left")
    handles = [
        plt.Line2D([], [], color=BLOCKS[b][1], marker=BLOCKS[b][2], linestyle="-", linewidth=1.0)
        for b in blocks
    ]
    labels = [BLOCKS[b][0] for b in blocks]
    if lined:
        handles.append(plt.Line2D([], [], color="0.35", linestyle="--", linewidth=0.9))
        labels.append(ENUMERATION)
    caption = "Bars: 95 % intervals; of projected hardware, which was not measured, the cases low to high."
    caption += f" Seconds: {machine or 'of a machine that --machine did not name'}."
    if missing:
        caption += f" No number, no panel: {'; '.join(missing)}."
    style.finish(figure, [(handles, labels, None)], caption, title)
    return figure, Table.from_rows(("panel", "method", "success_by", "quantity", "value", "low", "high"), drawn)
