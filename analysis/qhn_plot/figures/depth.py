"""Draws the success probability of the points of a sweep against one swept key, the depth by default.

One panel for each epsilon, one line for each value of another swept key. Points that differ in
problem.seed only, which are data sets, are averaged. Hollow markers: more than 2 % of the restarts ended
at the iteration limit, so the depth may show what the limit does.
"""

from __future__ import annotations

import math

from qhn_plot import InputError, data, intervals, style
from qhn_plot.style import plt
from qhn_plot.table import Table

HELP = "success probability against depth or another swept key"
EXAMPLE = "qhn-plot depth results/gaussian-depth --epsilon 5e-2 1e-2 --out depth.pdf"
WIDTHS = (style.WIDE, style.NARROW)
CUT_SHORT = 0.02  # share of restarts at the iteration limit from which a marker is hollow


def add_arguments(parser):
    data.add_sweep(parser, "the first that ends in layers or sublayers")
    parser.add_argument("--epsilon", nargs="+", type=float, help="gaps (default: those of the experiment)")


def draw(options):
    if any(not 0 < e < math.inf for e in options.epsilon or []):
        raise InputError("--epsilon: allowed: numbers above 0")
    sweep = data.load_sweep(options.sweep, options.where)
    return make_figure(
        sweep, x=options.x, by=options.by, epsilons=options.epsilon, width=options.width, title=options.title
    )


def make_figure(sweep, *, x=None, by=None, epsilons=None, width=style.WIDE, title=""):
    """`sweep`: qhn_results.Sweep; `x`, `by`: swept keys; `epsilons`: default the ladder of the first point.

    Table: epsilon, x, by, data_sets, restarts, probability, low, high, iteration_limit (a share)."""
    x = data.swept_key(sweep, x, "--x", ("layers", "sublayers"), "layers or sublayers")
    if by is None and "circuit.family" in sweep.keys and x != "circuit.family":
        by = "circuit.family"
    elif by is not None:
        data.swept_key(sweep, by, "--by", (), "")
    groups, data_sets = data.grouped(sweep, x, by)
    epsilons = list(epsilons or sweep.points[0].campaign.epsilons)
    if not epsilons:
        raise InputError(f"{sweep.path}: the experiment names no epsilon; allowed: --epsilon")
    style.start()
    columns = (2 if len(epsilons) == 4 else min(len(epsilons), 3)) if width > 5 else 1
    lines = -(-len(epsilons) // columns)
    height = {1: 3.0, 2: 2.6, 3: 2.1}[columns] if width > 5 else 1.9
    figure, panels = plt.subplots(
        lines, columns, figsize=(width, height * lines), layout="constrained", sharex=True, squeeze=False
    )
    places = sorted({place for of in groups.values() for place in of})
    looks = style.looks(groups)
    steps = [b - a for a, b in zip(places, places[1:])]
    logarithmic = len(steps) > 1 and places[0] > 0 and max(steps) >= 4 * min(steps)
    rows = []
    for axes, epsilon in zip(panels.flat, epsilons):
        for k, ((name, of), look) in enumerate(zip(groups.items(), looks)):
            found = [_point(campaigns, epsilon) for campaigns in of.values()]
            rows += [(epsilon, place, name, *point) for place, point in zip(of, found)]
            _line(axes, _aside(list(of), k, len(groups), steps, logarithmic), found, look)
        axes.set_title(rf"$\epsilon$ = {epsilon:g}", loc="left")
        axes.set_ylim(bottom=0)
        axes.set_ylim(top=min(axes.get_ylim()[1], 1.0))
        style.integers(axes, places, logarithmic)
        style.tidy(axes)
    for k, axes in enumerate(panels.flat):
        if k >= len(epsilons):
            axes.set_visible(False)
        elif k + columns >= len(epsilons):  # the lowest of its column
            axes.set_xlabel(x.rsplit(".", 1)[-1])
        axes.tick_params(labelbottom=True)
    for line in panels:
        line[0].set_ylabel(r"success, $P\,[\,E - E_{\min} < \epsilon\,]$")
    names = [f"{by.rsplit('.', 1)[-1]} = {name}" if by and by != "circuit.family" else name for name in groups]
    handles = [look.line() for look in looks] if by else []
    caption = _caption(sweep, x, groups, data_sets, rows)
    style.finish(figure, [(handles, names if by else [], None)], caption, title)
    columns = "epsilon x by data_sets restarts probability low high iteration_limit"
    return figure, Table.from_rows(columns.split(), rows)


def _aside(places, line, lines, steps, logarithmic):
    """Where the markers of a line stand: a little beside those of the others, so that no interval hides another."""
    shift = min(0.1, 0.5 / lines) * (line - (lines - 1) / 2)
    if logarithmic:
        return [place * 2**shift for place in places]
    return [place + shift * min(steps, default=1) for place in places]


def _point(campaigns, epsilon):
    """(data sets, restarts, probability, low, high, share at the iteration limit)."""
    found = [c.success(epsilon) for c in campaigns]
    limited = [
        float((c["status"][: c.prefix] == "iteration_limit").mean()) if "status" in c.records else 0.0
        for c in campaigns
    ]
    restarts = [s.restarts for s in found]
    estimate = intervals.mean_share([s.count for s in found], restarts)
    return (len(found), sum(restarts), *estimate, sum(limited) / len(limited))


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


def _caption(sweep, x, groups, data_sets, rows):
    every = [c for of in groups.values() for campaigns in of.values() for c in campaigns]
    if data_sets > 1:
        caption = (
            f"Mean over {data_sets} data sets (problem.seed), {data.restarts_text(every)} restarts each. Bars: 95 % "
            "intervals by a bootstrap over data sets and over the restarts of each."
        )
        if any(row[5] in (0.0, 1.0) for row in rows):
            caption += " At 0 and 1, where it has no width: Clopper-Pearson over all restarts."
    else:
        caption = f"Bars: 95 % Clopper-Pearson intervals, {data.restarts_text(every)} restarts a point."
    caption += " Lines are shifted sideways so that none hides another." if len(groups) > 1 else ""
    if any(row[-1] > CUT_SHORT for row in rows):
        caption += " Hollow: more than 2 % of the restarts ended at the iteration limit."
    if x == "circuit.layers" and "linear" in groups:
        caption += " A layer of linear is two sublayers, of other families one."
    return caption
