"""Seconds and joules: per restart and until a success. Tables of scaling and of the benchmarks."""

from __future__ import annotations

import math
import pathlib

from qhn_plot.figures import roofline, scaling
from qhn_report import estimates, results, words
from qhn_report.blocks import Cell, Picture, Section, Table, Text


def section(groups) -> Section:
    made = Section("cost", "Cost and energy")
    kinds = set()
    for k, group in enumerate(groups):
        table, found = _restart_table(group, f"cost-{k}", len(groups) > 1)
        kinds |= found
        made.blocks.append(table)
        if len(group.entries) == 1:
            phases = _phase_table(group, f"cost-{k}-phases")
            made.blocks += [phases] if phases else []
    made.blocks.insert(0, Text(_how(kinds), "" if kinds - {"none"} else "missing"))
    return made


def _how(methods) -> str:
    known = sorted(m for m in methods if m != "none")
    if not known:
        return "The result files hold no joules: no energy was measured or modelled."
    if not any(m.startswith("measured:") for m in known):
        return ("No energy was measured. Joules are modelled: constants times counted operations and bytes, plus idle power "
                "times time. They are an estimate.")  # fmt: skip
    also = "" if len(known) == 1 else " Where the method is modelled, they are an estimate."
    measured = ", ".join(m.split(":", 1)[1] for m in known if m.startswith("measured:"))
    return f"Joules are measured ({measured}), with the uncertainty of the counters.{also}"


def _bounds_cell(bounds, unit) -> Cell:
    if math.isnan(bounds.value):
        return Cell(words.ENDASH, math.inf)
    if math.isinf(bounds.value):
        return Cell(f"above {words.quantity(bounds.low, unit)}", math.inf, "none succeeded")
    high = words.quantity(bounds.high, unit) if math.isfinite(bounds.high) else "∞"
    return Cell(words.quantity(bounds.value, unit), bounds.value, f"[{words.quantity(bounds.low, unit)}, {high}]")


def _restart_table(group, key, named):
    """(Table, methods of the joules)."""
    heads, label = results.labels_of(group)
    finest = min(results.ladder(group.entries), default=None)
    rows, methods = [], set()
    for entry in group.entries:
        seconds, phase, joules = estimates.restart_costs(entry.campaign)
        methods.add(phase.method if phase else "none")
        cells = [*label(entry), Cell(words.quantity(seconds, "s"), _order(seconds)), _joules_cell(phase, joules, seconds)]
        if finest is not None:
            success = entry.campaign.success(finest)
            for cost, unit in ((seconds, "s"), (joules, "J")):
                cells.append(Cell(words.ENDASH, math.inf) if cost is None
                             else _bounds_cell(estimates.to_solution(cost, success), unit))  # fmt: skip
        rows.append(cells)
    columns = [*heads, "time of a restart", "energy of a restart"]
    caption = "Means over restarts. Energy: with its uncertainty if that is known, and its method."
    if finest is not None:
        columns += ["TTS99", "ETS99"]
        caption += (f" TTS99, ETS99: time and energy until a success with probability 0.99, at ε = {words.epsilon(finest)}: "
                    "cost of a restart × max(1, ln 0.01 / ln(1 − p)), failed restarts billed; without the table of all "
                    "losses, which qhn compare charges. Intervals: those of p alone, 95 %.")  # fmt: skip
    title = f"Cost of a restart{f': {group.name}' if named else ''}"
    table = Table(key, title, caption, columns, rows, results.stats_commands(group, "--energy"), labels=len(heads),
                  folded=len(rows) > results.MOST_ROWS)  # fmt: skip
    return table, methods


def _order(value) -> float:
    return math.inf if value is None else float(value)


def _joules_cell(phase, joules, seconds) -> Cell:
    if joules is None:
        return Cell(words.ENDASH, math.inf)
    method = phase.method.split(":", 1)[0]
    text = words.quantity(joules, "J")
    if phase.is_measured and math.isfinite(phase.uncertainty) and phase.joules > 0:
        text += f" ± {words.quantity(joules * phase.uncertainty / phase.joules, 'J', 2)}"
    return Cell(text, joules, method)


def _phase_table(group, key):
    (entry,) = group.entries
    rows = []
    for e in estimates.energy(entry.campaign):
        uncertainty = words.quantity(e.uncertainty, "J") if math.isfinite(e.uncertainty) else "not known"
        rows.append([Cell(e.phase), Cell(words.quantity(e.seconds, "s"), e.seconds), Cell(words.quantity(e.joules, "J"), _nan_last(e.joules)),
                     Cell(uncertainty, _nan_last(e.uncertainty)), Cell(words.quantity(e.net_joules, "J"), _nan_last(e.net_joules)),
                     Cell(e.method)])  # fmt: skip
    if not rows:
        return None
    return Table(key, "Phases of the runs", "Wall clock and energy of all runs that ended cleanly, idle power included; net: without it.",
                 ["phase", "time", "energy", "uncertainty", "energy, net of idle", "method"], rows,
                 results.stats_commands(group, "--energy"))


def _nan_last(value) -> float:
    return math.inf if math.isnan(value) else value


# ---- scaling and benchmarks, if given ----


def scaling_section(files) -> Section | None:
    """Raises InputError for a file that is no table of qhn_scaling."""
    if not files:
        return None
    tables = [(pathlib.Path(f), scaling.read_table(pathlib.Path(f))) for f in files]
    section = Section("scaling", "Scaling")
    rows = []
    for path, lines in tables:
        for r in lines:
            what = f"{r['mode']}, {r['what']}, {r['family']} N {r['qubits']:.0f} D {r['sublayers']:.0f}"
            rows.append([
                Cell(what), Cell(f"{r['ranks']:.0f}", r["ranks"]), Cell(f"{r['threads']:.0f}", r["threads"]),
                Cell(words.quantity(r["median_seconds"], "s"), r["median_seconds"]),
                results.number_cell(r["speedup"]), results.number_cell(100 * r["efficiency"]),
                results.number_cell(100 * r["exchange_share"]),
            ])  # fmt: skip
    section.blocks.append(Table(
        "scaling-table", "Time of an evaluation on several ranks", "Medians over repetitions.",
        ["what", "ranks", "threads a rank", "time", "speedup", "efficiency (%)", "share of exchanges (%)"],
        rows, [words.command("cat", *files)], folded=len(rows) > results.MOST_ROWS,
    ))  # fmt: skip
    section.blocks.append(Picture(
        "scaling-figure", "Parallel efficiency", "Left: parallel efficiency against ranks. Right: time per rotation.", "",
        [words.command("qhn-plot", "scaling", *files, "--out", "scaling.svg")],
        lambda width: scaling.make_figure(tables, machine="the machine of the table", width=width),
        lambda table: _scaling_marks(table),
    ))  # fmt: skip
    return section


def _scaling_marks(table) -> list:
    """A panel after the other, in each a series after the other."""
    texts, rows = [], table.rows()
    for panel in dict.fromkeys(r["panel"] for r in rows):
        for name in dict.fromkeys(r["series"] for r in rows):
            texts += [f"{name}, {words.counted(r['ranks'], 'rank')}: {panel} {words.number(r['value'])}"
                      for r in rows if r["series"] == name and r["panel"] == panel]  # fmt: skip
    return texts


def bench_section(file) -> Section | None:
    """Raises InputError for a file that is no table of qhn_bench."""
    if not file:
        return None
    path = pathlib.Path(file)
    rows = roofline.read_rows(path)
    machine = roofline.read_machine(path)
    section = Section("bench", "Speed of the kernels")
    section.blocks.append(Picture(
        "bench-figure", "Roof line", "Flops a byte against GFLOP/s of each benchmark, under the measured limits of the machine.",
        "", [words.command("qhn-plot", "roofline", file, "--out", "roofline.svg")],
        lambda width: roofline.make_figure(rows, machine=machine, width=width, source=file), wide=True,
    ))  # fmt: skip
    return section
