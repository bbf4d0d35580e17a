#!/usr/bin/env python3
"""Draws the roof line of this machine from the bench.csv of bench/run.sh.

Flops executed a byte moved against GFLOP/s, a panel for each number of threads. Slanted roofs are
the measured passes over a state of that many qubits, the flat one is the measured peak of fused
multiply-adds. A point belongs under the roof of its own colour. The flops and bytes of a row are
those of the bench.json beside the table.
"""

import argparse
import csv
import json
import pathlib
import sys

try:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    import numpy as np
except ImportError as missing:
    sys.exit(
        f"error: {missing}; Debian: apt-get install python3-numpy python3-matplotlib, and run with "
        "/usr/bin/python3"
    )

COLUMNS = {"benchmark", "start", "qubits", "sublayers", "threads", "median_seconds", "gflops"}
LIMITS = {"pass", "scale", "peak_fma", "peak_popcount"}
MARKERS = {
    "gradient": "o",
    "forward": "s",
    "restarts": "P",
    "table": "X",
    "wht": "^",
    "sampling": "v",
    "rotation": "D",
    "phase": "<",
    "contraction": ">",
}
# Okabe and Ito's colours and one more, for the sizes of the states.
COLOURS = ["#000000", "#0072B2", "#D55E00", "#CC79A7", "#56B4E9", "#009E73", "#E69F00", "#8C6D31"]
LONGEST = 120.0  # flops a byte; rows with hardly any traffic are drawn at this border


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0],
        epilog="example: analysis/roofline.py results/bench-1/bench.csv --out roofline.svg",
    )
    parser.add_argument("table", type=pathlib.Path, help="bench.csv; bench.json is read beside it")
    parser.add_argument("--out", default="roofline.png", help="PNG, SVG or PDF (default %(default)s)")
    parser.add_argument("--title", default="")
    return parser.parse_args()


def read_rows(path):
    """Rows with numbers, and the work of an iteration where bench.json knows it."""
    try:
        with open(path, newline="") as file:
            reader = csv.DictReader(file)
            if not COLUMNS <= set(reader.fieldnames or ()):
                sys.exit(f"error: {path}: lacks columns; is it a bench.csv?")
            rows = list(reader)
    except OSError as error:
        sys.exit(f"error: {error}")
    work = {}
    report = path.with_name("bench.json")
    if report.exists():
        for entry in json.loads(report.read_text())["benchmarks"]:
            if entry["run_type"] == "iteration":
                work[entry["run_name"].split("/iterations")[0]] = entry
    else:
        print(f"note: no {report}: points are drawn where their limit says", file=sys.stderr)
    for row in rows:
        name = "{benchmark}/start:{start}/qubits:{qubits}/sublayers:{sublayers}/threads:{threads}"
        entry = work.get(name.format(**row))
        for key in ("qubits", "sublayers", "threads"):
            row[key] = int(row[key])
        for key in ("median_seconds", "limit_seconds", "gflops"):
            row[key] = float(row[key])
        row["flops"] = row["gflops"] * 1e9 * row["median_seconds"]
        row["bytes"] = entry["bytes"] if entry else None  # of an iteration, which may be several
        row["all_flops"] = entry["flops"] if entry else None
    return rows


def intensity(row, bandwidth, peak):
    """Flops a byte. Without the bytes: what the limit implies, the ridge where arithmetic binds."""
    if row["bytes"] is None:
        binds = row["limit_seconds"] > 1.001 * row["flops"] / peak
        seconds = row["limit_seconds"] if binds else row["flops"] / peak
        return row["flops"] / (seconds * bandwidth)
    return row["all_flops"] / row["bytes"] if row["bytes"] > 0 else LONGEST


def kind_of(row):
    return next((k for k in MARKERS if row["benchmark"].startswith(k)), None)


def pick_roofs(passes):
    """One size for each of the caches and memory, as far as sizes with points leave a choice."""
    chosen = sorted(size for size in passes if size in (10, 14, 17, 20, 24, 26))
    return chosen or sorted(passes)[:6]


def draw(axes, rows, threads, colours):
    here = [row for row in rows if row["threads"] == threads]
    passes = {r["qubits"]: r for r in here if r["benchmark"] == "pass"}
    peaks = [r["gflops"] for r in here if r["benchmark"] == "peak_fma"]
    if not passes or not peaks:
        sys.exit(f"error: no rows pass and peak_fma for {threads} thread(s): nothing to draw")
    peak = peaks[0]
    bandwidth = {n: 2 * 16 * 2.0**n / r["median_seconds"] for n, r in passes.items()}

    x = np.geomspace(0.04, 1.25 * LONGEST, 400)
    axes.plot(x, np.full_like(x, peak), color="0.25", linewidth=1.6)
    axes.text(0.045, peak * 1.1, f"peak of FMA: {peak:.0f} GFLOP/s", color="0.25", fontsize=9.5)
    for n in pick_roofs(passes):
        roof = bandwidth[n] / 1e9 * x
        axes.plot(x[roof <= peak], roof[roof <= peak], color=colours[n], linewidth=1.3)

    drawn = [r for r in here if r["benchmark"] not in LIMITS and kind_of(r) and r["flops"] > 0]
    for row in drawn:
        n = row["qubits"]
        near = n if n in bandwidth else min(bandwidth, key=lambda size: abs(size - n))
        place = min(intensity(row, bandwidth[near], peak * 1e9), LONGEST)
        filled = row["start"] != "random"
        axes.plot(
            place,
            row["gflops"],
            MARKERS[kind_of(row)],
            color=colours[n],
            markerfacecolor=colours[n] if filled else "white",
            markeredgewidth=1.4,
            markersize=7.5,
            zorder=3,
        )

    axes.set_xscale("log")
    axes.set_yscale("log")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.set_xlim(0.04, 1.25 * LONGEST)
    axes.set_title(f"{threads} thread{'s' if threads > 1 else ''}", loc="left")
    axes.set_xlabel("flops a byte")
    axes.grid(True, which="major", color="0.92", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    return bandwidth, peak, [row["gflops"] for row in drawn]


def legend_mark(marker, label, colour="0.35", **options):
    return plt.Line2D([], [], marker=marker, color=colour, linestyle="", label=label, **options)


def main():
    options = arguments()
    rows = read_rows(options.table)
    threads = sorted({row["threads"] for row in rows if row["benchmark"] == "pass"})
    if not threads:
        sys.exit(f"error: {options.table}: no row pass: nothing to draw")
    sizes = sorted({row["qubits"] for row in rows if row["qubits"] > 0})
    colours = {n: COLOURS[k % len(COLOURS)] for k, n in enumerate(sizes)}

    plt.rcParams.update({"font.size": 10.5, "svg.fonttype": "none", "axes.linewidth": 0.8})
    count = len(threads)
    figure = plt.figure(figsize=(4.6 * count + 2.6, 4.8), layout="constrained")
    grid = figure.add_gridspec(1, count + 1, width_ratios=[4.6] * count + [2.4])
    panels = []
    for k in range(count):
        panels.append(figure.add_subplot(grid[k], sharey=panels[0] if panels else None))
    drawn = [draw(axes, rows, t, colours) for axes, t in zip(panels, threads)]
    speeds, peaks, points = zip(*drawn)
    lowest = min((p for panel in points for p in panel), default=1.0)
    panels[0].set_ylim(min(1.0, 0.7 * lowest), 1.6 * max(peaks))
    panels[0].set_ylabel("GFLOP/s")

    kinds = {kind_of(row) for row in rows if row["flops"] > 0}
    marks = [legend_mark(m, kind) for kind, m in MARKERS.items() if kind in kinds]
    marks.append(legend_mark("o", "from a random state", markerfacecolor="white"))
    lines = []
    for n in pick_roofs(speeds[0] | speeds[-1]):
        each = " | ".join(f"{s[n] / 1e9:.0f}" if n in s else "-" for s in speeds)
        size = 16 * 2**n
        unit = next(u for u in ("KiB", "MiB", "GiB") if size < 1024 ** (" KMG".index(u[0]) + 1))
        text = f"{size >> 10 * ' KMG'.index(unit[0])} {unit}"
        lines.append(plt.Line2D([], [], color=colours[n], label=f"N {n}, {text}: {each}"))
    side = figure.add_subplot(grid[count])
    side.axis("off")
    title = "pass over a state\n(GB/s, " + " | ".join(f"{t} thr" for t in threads) + ")"
    above = side.legend(handles=lines, title=title, loc="upper left", frameon=False, fontsize=9)
    side.add_artist(above)
    below = side.legend(handles=marks, loc="lower left", frameon=False, fontsize=9)
    for legend in (above, below):
        legend.set_in_layout(False)
    figure.suptitle(options.title, x=0.01, ha="left")

    out = pathlib.Path(options.out)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(out, dpi=200)
    except (OSError, ValueError) as error:
        sys.exit(f"error: cannot write {out}: {error}")
    print(out)


if __name__ == "__main__":
    main()
