"""Draws the gap E - E_min against the iteration, from the histories of restarts.

A line is the median over restarts, its band (of up to six campaigns) is from the 10 % to the 90 % quantile. A restart that
has ended keeps its last value; one that diverged counts as worse than all others. --restarts draws single
restarts in place of median and band. Needs campaigns with restarts.keep_history = true.
"""

from __future__ import annotations

import numpy as np

from qhn_plot import InputError, data, style
from qhn_plot.style import plt
from qhn_plot.table import Table

HELP = "gap and gradient against iterations, from histories"
EXAMPLE = "qhn-plot convergence results/linear results/product --gradient --out convergence.pdf"
WIDTHS = (style.NARROW, style.WIDE)
FLOOR = 1e-14  # a gap below this is rounding
POINTS = 300  # of a curve


def add_arguments(parser):
    data.add_campaigns(parser)
    parser.add_argument("--restarts", nargs="+", type=int, metavar="ID", help="draw these restarts, thin")
    parser.add_argument("--gradient", action="store_true", help="also the norm of the gradient")
    parser.add_argument("--linear", action="store_true", help="linear axis of iterations")


def draw(options):
    campaigns, labels = data.load_campaigns(options.results, options.labels)
    return make_figure(
        campaigns,
        labels,
        restarts=options.restarts,
        gradient=options.gradient,
        linear=options.linear,
        width=options.width,
        title=options.title,
    )


def make_figure(campaigns, labels, *, restarts=None, gradient=False, linear=False, width=style.NARROW, title=""):
    """`campaigns` with their `labels`; `restarts`: ids, default median and band of all; `gradient`: a second panel.

    Table: campaign, panel ("gap" or "gradient_norm"), drawn ("median" or "restart 3"), iteration, value, low, high."""
    style.start()
    shown = ("gap", "gradient_norm") if gradient else ("gap",)
    shape = (1, len(shown)) if width > 5 else (len(shown), 1)
    height = 2.6 if width > 5 else 2.1 * len(shown)
    figure, panels = plt.subplots(*shape, figsize=(width, height), layout="constrained", squeeze=False, sharex=True)
    banded = len(campaigns) <= style.MOST_BANDS
    looks = style.looks(data.method_of(c) for c in campaigns)
    rows, clipped, longest = [], False, 1
    for campaign, label, look in zip(campaigns, labels, looks):
        iterations, values = _read(campaign, restarts, shown)
        longest = max(longest, iterations[-1])
        for axes, panel in zip(panels.flat, shown):
            of = values[panel]
            if panel == "gap":
                clipped = clipped or bool((of < FLOOR).any())
                of = np.maximum(of, FLOOR)
            rows += [(label, panel, *row) for row in _draw(axes, iterations, of, restarts, look, banded)]
    for axes, panel in zip(panels.flat, shown):
        axes.set_yscale("log")
        if not linear:
            axes.set_xscale("symlog", linthresh=1, linscale=0.3, subs=range(2, 10))
        axes.set_xlim(0, longest)
        axes.set_ylabel(_gap_name(campaigns) if panel == "gap" else "norm of the gradient (1/rad)")
        style.tidy(axes)
    for axes in panels[-1]:
        axes.set_xlabel("iteration")
    names = [f"{label}  (n = {c.prefix})" for c, label in zip(campaigns, labels)] if restarts is None else labels
    caption = "Lines: medians over restarts" + ("; bands: 10 to 90 %." if banded else ".")
    caption += " A restart that has ended keeps its last value; a line ends with the last one."
    if restarts is not None:
        caption = f"Single restarts: {', '.join(map(str, restarts))}."
    if clipped:
        caption += f" Gaps below {FLOOR:g}, which are rounding, are drawn there."
    style.finish(figure, [([look.line(marker="None") for look in looks], names, None)], caption, title)
    return figure, Table.from_rows(("campaign", "panel", "drawn", "iteration", "value", "low", "high"), rows)


def _gap_name(campaigns):
    targets = any(c.attributes.get("table/reference") == "target" for c in campaigns)
    return r"gap, $E - E_\mathrm{ref}$ (loss)" if targets else r"gap, $E - E_{\min}$ (loss)"


def _read(campaign, restarts, shown):
    """(iterations that are drawn, {panel: [restarts, iterations]}); one history is in memory at a time."""
    if not campaign.has_history:
        raise InputError(f"{campaign.path}: no histories; restarts.keep_history = true keeps them")
    ids = campaign["id"][: campaign.prefix].tolist() if restarts is None else restarts
    known = set(campaign["id"].tolist())
    for id in ids:
        if id not in known:
            raise InputError(f"{campaign.path}: no restart {id}")
    rows = np.searchsorted(campaign["id"], ids)
    last = int(campaign["iterations"][rows].max())
    iterations = np.arange(last + 1)
    if last > POINTS:
        iterations = np.unique(np.concatenate([[0], np.geomspace(1, last, POINTS).round().astype(int)]))
    reference = campaign.reference[1]
    values = {panel: np.empty((len(ids), len(iterations))) for panel in shown}
    for row, history in enumerate(campaign.histories(ids)):
        at = np.minimum(iterations, len(history.expectation) - 1)
        values["gap"][row] = history.expectation[at] - reference
        if "gradient_norm" in shown:
            if history.gradient_norm is None:
                raise InputError(f"{campaign.path}: the histories hold no norm of the gradient")
            values["gradient_norm"][row] = history.gradient_norm[at]
    for of in values.values():
        of[~np.isfinite(of)] = np.inf
    return iterations, values


def _draw(axes, iterations, values, restarts, look, banded):
    """Draws one campaign; returns (drawn, iteration, value, low, high) of every point."""
    if restarts is not None:
        rows = []
        for id, one in zip(restarts, values):
            axes.plot(iterations, one, color=look.color, linestyle=look.linestyle, linewidth=0.7)
            rows += [(f"restart {id}", i, v, None, None) for i, v in zip(iterations, one)]
        return rows
    ordered = np.sort(values, axis=0)
    low, median, high = (ordered[int(round(q * (len(ordered) - 1)))] for q in (0.1, 0.5, 0.9))
    if not banded:
        low = high = np.full(len(iterations), np.nan)
    axes.fill_between(iterations, low, high, color=look.color, alpha=0.16, linewidth=0)
    axes.plot(iterations, median, color=look.color, linestyle=look.linestyle)
    return [("median", *row) for row in zip(iterations, median, low, high)]
