"""Draws the roof line of a machine from the bench.csv of bench/run.sh, or the table of a Markdown page.

Flops executed a byte moved against GFLOP/s, panels for each number of threads: kernels and transforms,
and whole evaluations. Slanted roofs are the measured passes over a state of that many qubits, the flat
one is the measured peak of fused multiply-adds. A point belongs under the roof of its own color. The
flops and bytes of a row are those of the bench.json beside the table.
"""

from __future__ import annotations

import csv
import json
import pathlib
import sys

import numpy as np

from qhn_plot import InputError, style
from qhn_plot.style import plt
from qhn_plot.table import Table

HELP = "flops a byte against GFLOP/s under the roofs of a machine, from bench.csv"
EXAMPLE = "qhn-plot roofline results/bench-1/bench.csv --out roofline.svg"
WIDTHS = (style.WIDE, style.NARROW)
COLUMNS = {"benchmark", "start", "qubits", "sublayers", "threads", "median_seconds", "gflops"}
LIMITS = {"pass", "scale", "peak_fma", "peak_popcount"}
GROUPS = {
    "kernels and transforms": {"rotation": "D", "phase": "<", "contraction": ">", "wht": "^", "sampling": "v"},
    "evaluations, restarts, tables": {"gradient": "o", "forward": "s", "restarts": "P", "table": "X"},
}
MARKERS = {kind: mark for group in GROUPS.values() for kind, mark in group.items()}
UNITS = {"ns": 1e-9, "µs": 1e-6, "us": 1e-6, "ms": 1e-3, "s": 1.0}
LONGEST = 120.0  # flops a byte; rows with hardly any traffic are drawn at this border


def add_arguments(parser):
    parser.add_argument(
        "table", type=pathlib.Path, help="bench.csv, or a .md page with its table; bench.json beside it"
    )
    parser.add_argument("--machine", default="", help="where it was measured, for the caption")


def draw(options):
    try:
        rows = read_rows(options.table)
        machine = options.machine or read_machine(options.table)
    except InputError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{options.table} or bench.json beside it: not as bench/run.sh writes it ({error})") from None
    return make_figure(rows, machine=machine, width=options.width, title=options.title, source=options.table)


def seconds_of(text):
    """"51.7 ns" in seconds."""
    value, unit = text.split()
    return float(value) * UNITS[unit]


def read_page(path):
    """The rows of the first table of a Markdown page that qhn_bench printed."""
    head, rows = None, []
    for line in path.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if head is None:
            if cells[:5] == ["benchmark", "start", "N", "D", "threads"] and "GFLOP/s" in cells:
                head = cells
        elif not line.startswith("|"):
            break
        elif set(cells[0]) != {"-"}:
            row = dict(zip(head, cells))
            rows.append(
                {
                    "benchmark": row["benchmark"],
                    "start": row["start"],
                    "qubits": row["N"] or "0",
                    "sublayers": row["D"] or "0",
                    "threads": row["threads"],
                    "median_seconds": seconds_of(row["median"]),
                    "limit_seconds": seconds_of(row["limit"]),
                    "gflops": row["GFLOP/s"] or "0",
                }
            )
    if not rows:
        raise InputError(f"{path}: holds no table of qhn_bench (| benchmark | start | N | D | threads | …)")
    return rows


def read_table(path):
    if path.suffix == ".md":
        return read_page(path)
    with open(path, newline="") as file:
        reader = csv.DictReader(file)
        if not COLUMNS <= set(reader.fieldnames or ()):
            raise InputError(f"{path}: lacks columns; is it a bench.csv?")
        return list(reader)


def read_machine(path):
    """What bench.json says of the machine."""
    report = path.with_name("bench.json")
    if not report.exists():
        return ""
    context = json.loads(report.read_text()).get("context", {})
    parts = [
        f"{context['num_cpus']} processors" if "num_cpus" in context else "",
        f"{context['mhz_per_cpu']} MHz" if "mhz_per_cpu" in context else "",
        context.get("simd", ""),
        context.get("date", "")[:10],
    ]
    return ", ".join(part for part in parts if part)


def read_rows(path):
    """Rows with numbers, and the work of an iteration where bench.json knows it. Raises InputError."""
    try:
        rows = read_table(path)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(str(error)) from None
    except (KeyError, ValueError) as error:
        raise InputError(f"{path}: not a number of qhn_bench: {error}") from None
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


def roofs_of(rows, threads):
    """{qubits: bytes a second of a pass}, GFLOP/s of fused multiply-adds."""
    here = [row for row in rows if row["threads"] == threads]
    passes = {r["qubits"]: r for r in here if r["benchmark"] == "pass"}
    peaks = [r["gflops"] for r in here if r["benchmark"] == "peak_fma"]
    if not passes or not peaks:
        raise InputError(f"no rows pass and peak_fma for {threads} thread(s): nothing to draw")
    return {n: 2 * 16 * 2.0**n / r["median_seconds"] for n, r in passes.items()}, peaks[0]


def _draw(axes, rows, bandwidth, peak, colors):
    drawn = [("peak", "peak_fma", "", None, None, peak, None)]
    x = np.geomspace(0.04, 1.25 * LONGEST, 400)
    axes.plot(x, np.full_like(x, peak), color="0.35", linewidth=1.2)
    axes.text(0.045, peak * 1.12, f"peak of FMA: {peak:.0f} GFLOP/s", color="0.35", fontsize=style.SMALL)
    for n in pick_roofs(bandwidth):
        roof = bandwidth[n] / 1e9 * x
        below = roof <= peak
        drawn.append(("roof", "pass", "", n, None, None, bandwidth[n] / 1e9))
        axes.plot(x[below], roof[below], color=colors[n], linestyle=style_of(n), linewidth=1.0)
    for row in rows:
        n = row["qubits"]
        near = n if n in bandwidth else min(bandwidth, key=lambda size: abs(size - n))
        place = min(intensity(row, bandwidth[near], peak * 1e9), LONGEST)
        drawn.append(("point", row["benchmark"], row["start"], n, place, row["gflops"], None))
        filled = row["start"] != "random"
        axes.plot(
            place,
            row["gflops"],
            MARKERS[kind_of(row)],
            color=colors[n],
            markerfacecolor=colors[n] if filled else "white",
            markeredgecolor="white" if filled else colors[n],
            markeredgewidth=0.3 if filled else 0.9,
            zorder=3,
        )
    axes.set_xscale("log")
    axes.set_yscale("log")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.set_xlim(0.04, 1.25 * LONGEST)
    style.tidy(axes)
    return drawn


def style_of(n):
    """Roofs that lie on each other are told apart."""
    return style.STYLES[n // 2 % len(style.STYLES)]


def mark(marker, color="0.35", **options):
    return plt.Line2D([], [], marker=marker, color=color, linestyle="", **options)


def size_of(n):
    size = 16 * 2**n
    unit = next(u for u in ("KiB", "MiB", "GiB") if size < 1024 ** (" KMG".index(u[0]) + 1))
    return f"{size >> 10 * ' KMG'.index(unit[0])} {unit}"


def make_figure(rows, *, machine="", width=style.WIDE, title="", source="the table"):
    """`rows` as read_rows() returns them; `machine` and `source` name where they were measured, and the file.

    Table: panel, drawn ("point", "roof" or "peak"), benchmark, start, qubits, flops_a_byte, gflops,
    gigabytes_a_second."""
    threads = sorted({row["threads"] for row in rows if row["benchmark"] == "pass"})
    if not threads:
        raise InputError(f"{source}: no row pass: nothing to draw")
    roofs = {t: roofs_of(rows, t) for t in threads}
    points = [r for r in rows if r["benchmark"] not in LIMITS and kind_of(r) and r["flops"] > 0]
    panels, missing = {}, []
    for group, kinds in GROUPS.items():
        for t in threads:
            here = [r for r in points if r["threads"] == t and kind_of(r) in kinds]
            if here:
                panels[group, t] = here
            else:
                missing.append(f"{group}, {t} thread{'s' if t > 1 else ''}")
    groups = [g for g in GROUPS if any(g == group for group, _ in panels)]
    # Of a size the color means the same in every panel; all that are drawn are in the legend.
    drawn = {r["qubits"] for here in panels.values() for r in here}
    sizes = sorted(drawn | {n for bandwidth, _ in roofs.values() for n in pick_roofs(bandwidth)})
    colors = dict(zip(sizes, style.ordered(len(sizes))))

    style.start()
    # A page has a column of panels for each number of threads, a column has them below each other.
    places = [(group, t) for group in groups or [""] for t in threads if not groups or (group, t) in panels]
    columns = len(threads) if width > 5 else 1
    lines = max(len(groups), 1) if width > 5 else len(places)
    figure = plt.figure(figsize=(width, 2.4 * lines), layout="constrained")
    grid = figure.add_gridspec(lines, columns)
    drawn = []
    lowest = min((r["gflops"] for r in points), default=1.0)
    limits = min(1.0, 0.7 * lowest), 2.2 * max(peak for _, peak in roofs.values())
    first = None
    for k, (group, t) in enumerate(places):
        place = ((groups or [""]).index(group), threads.index(t)) if width > 5 else (k, 0)
        axes = first = figure.add_subplot(grid[place], sharex=first, sharey=first)
        name = f"{t} thread{'s' if t > 1 else ''}" + (f": {group}" if group else "")
        drawn += [(name, *row) for row in _draw(axes, panels.get((group, t), []), *roofs[t], colors)]
        axes.set_ylim(limits)
        axes.set_title(name, loc="left")
        axes.set_xlabel("flops a byte")
        axes.set_ylabel("GFLOP/s")

    lines, labels = [], []
    for n in sizes:
        each = " | ".join(f"{s[n] / 1e9:.0f}" if n in s else "-" for s, _ in roofs.values())
        roofed = any(n in pick_roofs(s) for s, _ in roofs.values())
        lines.append(plt.Line2D([], [], color=colors[n], linestyle=style_of(n) if roofed else "", marker="o"))
        labels.append(f"N {n}, {size_of(n)}" + (f": {each}" if each.strip("- |") else ""))
    kinds = [kind for kind in MARKERS if any(kind_of(r) == kind for r in points)]
    marks = [mark(MARKERS[kind]) for kind in kinds]
    if any(r["start"] == "random" for r in points):
        marks.append(mark("o", markerfacecolor="white"))
        kinds.append("from a random state")
    sizes_title = "Color: size of the state, and GB/s of a pass over it (" + " | ".join(
        f"{t} thread{'s' if t > 1 else ''}" for t in threads
    )
    caption = f"Measured on {machine or 'a machine that --machine did not name'}."
    if any(r["bytes"] is None for r in points):
        caption += " Flops a byte are those that the limit of each row implies."
    if missing:
        caption += f" Not measured, no panel: {'; '.join(missing)}."
    style.finish(
        figure,
        [(lines, labels, sizes_title + "); a line is its roof"), (marks, kinds, "Mark: what ran")],
        caption,
        title,
    )
    names = "panel drawn benchmark start qubits flops_a_byte gflops gigabytes_a_second"
    return figure, Table.from_rows(names.split(), drawn)
