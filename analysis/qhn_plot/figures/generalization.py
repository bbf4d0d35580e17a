"""Draws E on training and on test data against the number of training samples, from a sweep over it.

Of each campaign: the median over restarts, and the restart with the least E on training data. Points that
differ in problem.seed only, which are data sets, are averaged. --accuracy draws the accuracy of the best
string of a restart in place of E. Needs campaigns with restarts.keep_scores = true.
"""

from __future__ import annotations

import numpy as np

from qhn_plot import InputError, data, intervals, style
from qhn_plot.style import plt
from qhn_plot.table import Table

HELP = "E on training and test data against the number of training samples"
EXAMPLE = "qhn-plot generalization results/samples --out generalization.pdf"
WIDTHS = (style.NARROW, style.WIDE)
LINES = {  # of what, on which data: its look
    ("median restart", "training"): style.Look("#0072B2", "o", style.STYLES[0]),
    ("median restart", "test"): style.Look("#E69F00", "s", style.STYLES[0]),
    ("best restart", "training"): style.Look("#000000", "^", style.STYLES[1]),
    ("best restart", "test"): style.Look("#D55E00", "D", style.STYLES[1]),
}


def add_arguments(parser):
    data.add_sweep(parser, "problem.train_samples")
    parser.add_argument("--accuracy", action="store_true", help="accuracy of the best strings in place of E")


def draw(options):
    sweep = data.load_sweep(options.sweep, options.where)
    return make_figure(
        sweep, x=options.x, by=options.by, accuracy=options.accuracy, width=options.width, title=options.title
    )


def make_figure(sweep, *, x=None, by=None, accuracy=False, width=style.NARROW, title=""):
    """`sweep`: qhn_results.Sweep; `x`, `by`: swept keys, a panel for each value of `by`.

    Table: by, x, of ("median restart" or "best restart"), data ("training" or "test"), data_sets, value, low, high."""
    x = data.swept_key(sweep, x, "--x", ("train_samples",), "problem.train_samples")
    if by is None and "circuit.family" in sweep.keys and x != "circuit.family":
        by = "circuit.family"
    elif by is not None:
        data.swept_key(sweep, by, "--by", (), "")
    groups, data_sets = data.grouped(sweep, x, by)
    style.start()
    columns = min(len(groups), 3) if width > 5 else 1
    lines = -(-len(groups) // columns)
    figure, panels = plt.subplots(
        lines,
        columns,
        figsize=(width, (2.6 if width > 5 else 2.1) * lines),
        layout="constrained",
        sharex=True,
        sharey=True,
        squeeze=False,
    )
    rows = []
    for axes, (name, of) in zip(panels.flat, groups.items()):
        found = {place: _estimates(sets.values(), accuracy) for place, sets in of.items()}
        for k, (line, look) in enumerate(LINES.items()):
            points = [found[place][line] for place in of]
            at = [place * 1.04 ** (k - 1.5) for place in of]
            axes.plot(at, [p[0] for p in points], **look._asdict(), markeredgecolor="white", markeredgewidth=0.4)
            bars = [(a, *p[1:]) for a, p in zip(at, points) if p[1] is not None]
            axes.vlines([b[0] for b in bars], [b[1] for b in bars], [b[2] for b in bars], color=look.color, linewidth=0.8)
            rows += [(name, place, *line, len(of[place]), *point) for place, point in zip(of, points)]
        axes.set_xscale("log")
        axes.set_title(style.plain(f"{by.rsplit('.', 1)[-1]} = {name}") if by else "", loc="left")
        axes.tick_params(labelbottom=True)
        style.tidy(axes)
    if len({row[1] for row in rows}) == 1:  # one place has no range of its own
        panels[0, 0].set_xlim(rows[0][1] / 2, rows[0][1] * 2)
    for k, axes in enumerate(panels.flat):
        if k >= len(groups):
            axes.set_visible(False)
        elif k + columns >= len(groups):
            axes.set_xlabel("training samples" if x == "problem.train_samples" else x)
    for line in panels:
        line[0].set_ylabel("accuracy" if accuracy else "E (units of the loss)")
    caption = _caption(groups, data_sets, accuracy)
    handles = [look.line() for look in LINES.values()]
    style.finish(figure, [(handles, [f"{of}, {on} data" for of, on in LINES], None)], caption, title)
    return figure, Table.from_rows("by x of data data_sets value low high".split(), rows)


def _caption(groups, data_sets, accuracy):
    every = [c for of in groups.values() for sets in of.values() for c in sets.values()]
    restarts = data.restarts_text(every)
    caption = "Best restart: the one with the least E on training data."
    if accuracy:
        caption += " Accuracies are of the best string of a restart."
    if data_sets > 1:
        caption += f" Means over {data_sets} data sets, {restarts} restarts each; bars: 95 % intervals by a bootstrap"
        caption += " over data sets."
    else:
        caption += f" One data set, {restarts} restarts a point: no interval."
    return caption


def _estimates(campaigns, accuracy):
    """{(of, data): (mean, low, high)} over the data sets."""
    pairs = ("best_accuracy", "best_test_accuracy") if accuracy else ("expectation", "test_expectation")
    found = {line: [] for line in LINES}
    for campaign in campaigns:
        for field in pairs:
            if field not in campaign.records:
                raise InputError(f"{campaign.path}: no {field}; restarts.keep_scores = true keeps it")
        trained = campaign["expectation"][: campaign.prefix]
        finite = np.isfinite(trained)
        if not finite.any():
            raise InputError(f"{campaign.path}: every restart diverged")
        best = int(np.nanargmin(np.where(finite, trained, np.nan)))
        for on, field in zip(("training", "test"), pairs):
            values = campaign[field][: campaign.prefix]
            found["median restart", on].append(float(np.median(values[finite])))
            found["best restart", on].append(float(values[best]))
    return {line: intervals.mean_value(values) for line, values in found.items()}
