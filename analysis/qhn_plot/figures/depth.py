"""Draws the success probability of the points of a sweep against one swept key, the depth by default.

One panel for each epsilon, one line for each value of another swept key; of several sweeps a column of
panels each. Points that differ in
problem.seed only, which are data sets, are averaged. Hollow markers: more than 2 % of the restarts ended
at the iteration limit, so the depth may show what the limit does.
"""

from __future__ import annotations

import itertools
import math
from typing import NamedTuple

import qhn_results
from qhn_plot import InputError, data, intervals, style
from qhn_plot.style import plt
from qhn_plot.table import Table

HELP = "success probability against depth or another swept key"
EXAMPLE = "qhn-plot depth results/gaussian-depth --epsilon 5e-2 1e-2 --out depth.pdf"
WIDTHS = (style.WIDE, style.NARROW)
MOST_SWEEPS = 3  # columns on a page
CUT_SHORT = 0.02  # share of restarts at the iteration limit from which a marker is hollow


def add_arguments(parser):
    data.add_sweeps(parser, "the first that ends in layers or sublayers")
    parser.add_argument("--epsilon", nargs="+", type=float, help="gaps (default: those of the experiment)")


def draw(options):
    if any(not 0 < e < math.inf for e in options.epsilon or []):
        raise InputError("--epsilon: allowed: numbers above 0")
    sweeps = [data.load_sweep(path, options.where) for path in options.sweep]
    labels = data.labels_of(options.labels, [s.name for s in sweeps], "sweeps") if len(sweeps) > 1 else [""]
    if len(set(labels)) < len(labels):
        raise InputError(f"two sweeps are named {max(labels, key=labels.count)}; allowed: --labels a,b")
    return make_figure(
        dict(zip(labels, sweeps)),
        x=options.x,
        by=options.by,
        epsilons=options.epsilon,
        width=options.width,
        title=options.title,
    )


class _Lines(NamedTuple):
    """What a sweep shows: a line for each name, and at each place of it the campaigns of the data sets."""

    sweep: object
    x: str
    by: str | None
    groups: dict  # {name: {place: {problem.seed: Campaign}}}
    data_sets: int

    @classmethod
    def of(cls, sweep, x, by):
        x = data.swept_key(sweep, x, "--x", ("layers", "sublayers"), "layers or sublayers")
        if by is None and "circuit.family" in sweep.keys and x != "circuit.family":
            by = "circuit.family"
        elif by is not None:
            data.swept_key(sweep, by, "--by", (), "")
        return cls(sweep, x, by, *data.grouped(sweep, x, by))


def make_figure(sweeps, *, x=None, by=None, epsilons=None, width=style.WIDE, title=""):
    """`sweeps`: {label: qhn_results.Sweep}; `x`, `by`: swept keys; `epsilons`: default the ladder of the first point.

    Table: sweep (label, or name of the experiment), epsilon, x, by, data_sets, restarts, probability, low, high,
    iteration_limit (a share); and against the first line at the same x: difference, difference_low, difference_high, p
    (intervals.difference)."""
    shown = {label: _Lines.of(sweep, x, by) for label, sweep in sweeps.items()}
    first = next(iter(shown.values()))
    if len(shown) > MOST_SWEEPS:
        raise InputError(f"{len(shown)} sweeps; allowed: up to {MOST_SWEEPS}")
    for lines in shown.values():
        if (lines.x, lines.by) != (first.x, first.by):
            raise InputError(
                f"{lines.sweep.path}: would show {lines.by or 'one line'} against {lines.x}, {first.sweep.path} "
                f"{first.by or 'one line'} against {first.x}; allowed: --x and --by with keys that all sweep"
            )
    epsilons = list(epsilons or first.sweep.points[0].campaign.epsilons)
    if not epsilons:
        raise InputError(f"{first.sweep.path}: the experiment names no epsilon; allowed: --epsilon")
    style.start()
    figure, panels = _make_panels(len(sweeps), len(epsilons), width)
    names = list(dict.fromkeys(name for lines in shown.values() for name in lines.groups))
    looks = dict(zip(names, style.looks(names)))
    scale = _Scale.of(shown.values())
    rows = []
    for axes, (epsilon, (label, lines)) in zip(panels.flat, itertools.product(epsilons, shown.items())):
        rows += [(label or lines.sweep.name, epsilon, *row) for row in _draw_panel(axes, epsilon, lines, looks, scale)]
        axes.set_title((f"{style.plain(label)}, " if label else "") + rf"$\epsilon$ = {epsilon:g}", loc="left")
    _finish_panels(panels, len(sweeps) * len(epsilons), first.x, scale)
    by = first.by
    if by and by != "circuit.family":
        names = [f"{by.rsplit('.', 1)[-1]} = {name}" for name in names]
    handles = [look.line() for look in looks.values()] if by else []
    style.finish(figure, [(handles, names if by else [], None)], _caption(shown.values(), rows), title)
    columns = "sweep epsilon x by data_sets restarts probability low high iteration_limit"
    columns += " difference difference_low difference_high p"
    return figure, Table.from_rows(columns.split(), rows)


def _make_panels(sweeps, epsilons, width):
    """The figure and its panels: of one sweep in lines of up to three, of several a column each if the page is wide."""
    wide = width > 5
    count = sweeps * epsilons
    if sweeps > 1:
        columns = sweeps if wide else 1
    else:
        columns = (2 if epsilons == 4 else min(epsilons, 3)) if wide else 1
    height = {1: 3.0, 2: 2.6 if sweeps == 1 else 1.9, 3: 2.1}[columns] if wide else 1.9
    lines = -(-count // columns)
    return plt.subplots(
        lines,
        columns,
        figsize=(width, height * lines),
        layout="constrained",
        sharex=True,
        sharey="row" if sweeps > 1 else False,
        squeeze=False,
    )


class _Scale(NamedTuple):
    """The x axis that all panels share."""

    places: list  # of all sweeps, ascending
    logarithmic: bool

    @property
    def step(self):
        return min((b - a for a, b in zip(self.places, self.places[1:])), default=1)

    @classmethod
    def of(cls, shown):
        places = sorted({place for lines in shown for of in lines.groups.values() for place in of})
        steps = [b - a for a, b in zip(places, places[1:])]
        return cls(places, len(steps) > 1 and places[0] > 0 and max(steps) >= 4 * min(steps))


def _draw_panel(axes, epsilon, lines, looks, scale):
    """Draws all lines of a sweep at one epsilon; returns (x, by, *_point, *_difference) of each marker."""
    rows = []
    for k, (name, of) in enumerate(lines.groups.items()):
        found = [_point(sets.values(), epsilon) for sets in of.values()]
        base = next(iter(lines.groups.values()))
        rows += [
            (place, name, *point, *_difference(of[place], base.get(place, {}) if k else {}, epsilon))
            for place, point in zip(of, found)
        ]
        _line(axes, _aside(list(of), k, len(lines.groups), scale), found, looks[name])
    style.tidy(axes)
    return rows


def _finish_panels(panels, used, x, scale):
    """Limits and names of the axes, once all lines are drawn; hides the panels after the first `used`."""
    columns = panels.shape[1]
    tops = {axes: min(axes.get_ylim()[1], 1.0) for axes in panels.flat}  # a row may share it
    for axes, top in tops.items():
        axes.set_ylim(0, top)
        style.integers(axes, scale.places, scale.logarithmic)
    for k, axes in enumerate(panels.flat):
        if k >= used:
            axes.set_visible(False)
        elif k + columns >= used:  # the lowest of its column
            axes.set_xlabel(x.rsplit(".", 1)[-1])
        axes.tick_params(labelbottom=True)
    for line in panels:
        line[0].set_ylabel(r"success, $P\,[\,E - E_{\min} < \epsilon\,]$")


def _aside(places, line, lines, scale):
    """Where the markers of a line stand: a little beside those of the others, so that no interval hides another."""
    shift = min(0.1, 0.5 / lines) * (line - (lines - 1) / 2)
    if scale.logarithmic:
        return [place * 2**shift for place in places]
    return [place + shift * scale.step for place in places]


def _point(campaigns, epsilon):
    """(data sets, restarts, probability, low, high, share at the iteration limit)."""
    campaigns = list(campaigns)
    found = [c.succeeded(epsilon) for c in campaigns]
    limited = [
        float((c["status"][: c.prefix] == "iteration_limit").mean()) if "status" in c.records else 0.0
        for c in campaigns
    ]
    return (len(found), sum(map(len, found)), *intervals.mean_share(found, qhn_results.own_starts(campaigns)), sum(limited) / len(limited))


def _difference(sets, base, epsilon):
    """(difference, low, high, p); all None unless both have the same data sets."""
    if not sets.keys() == base.keys():
        return (None,) * 4
    found = ([which[seed].succeeded(epsilon) for seed in sets] for which in (sets, base))
    return intervals.difference(*found, qhn_results.own_starts(sets.values()))


def _line(axes, xs, points, look):
    probability = [p[2] for p in points]
    axes.plot(xs, probability, color=look.color, linestyle=look.linestyle, linewidth=0.9)
    axes.vlines(xs, [p[3] for p in points], [p[4] for p in points], color=look.color, linewidth=0.9)
    for at, p in zip(xs, points):
        hollow = p[5] > CUT_SHORT
        axes.plot(
            at,
            p[2],
            look.marker,
            color=look.color,
            markerfacecolor="white" if hollow else look.color,
            markeredgecolor=look.color if hollow else "white",
            markeredgewidth=0.9 if hollow else 0.4,
            zorder=3,
            clip_on=False,
        )


def _caption(shown, rows):
    points = [list(sets.values()) for lines in shown for of in lines.groups.values() for sets in of.values()]
    every = [c for sets in points for c in sets]
    data_sets = max(lines.data_sets for lines in shown)
    if data_sets > 1:
        own = all(map(qhn_results.own_starts, points))
        caption = (
            f"Mean over {data_sets} data sets (problem.seed), {data.restarts_text(every)} restarts each. Bars: 95 % "
            f"intervals by a bootstrap over data sets{'' if own else ' and over restarts, the same for all'}."
        )
        if any(row[6] in (0.0, 1.0) for row in rows):
            caption += f" At 0 and 1, where it has no width: Clopper-Pearson of {'all restarts' if own else 'one data set'}."
    else:
        caption = f"Bars: 95 % Clopper-Pearson intervals, {data.restarts_text(every)} restarts a point."
    caption += " Lines are shifted sideways so that none hides another." if any(len(s.groups) > 1 for s in shown) else ""
    if any(row[9] > CUT_SHORT for row in rows):
        caption += " Hollow: more than 2 % of the restarts ended at the iteration limit."
    if any(lines.x == "circuit.layers" and "linear" in lines.groups for lines in shown):
        caption += " A layer of linear is two sublayers, of other families one."
    return caption
