"""Draws the networks with the lowest costs of an experiment.

With two inputs (problem.kind = "gaussian"): the probability p(x) of label 1 over the plane, its boundary
p = 1/2, and circles that hold 95 % of each cluster of the data. With images: the weights of every input
as a picture, one for each hidden unit.
"""

from __future__ import annotations

import textwrap

import numpy as np

from qhn_plot import InputError, program, style
from qhn_plot.network import Network
from qhn_plot.style import plt
from qhn_plot.table import Table

HELP = "decision regions or weights of the best networks"
EXAMPLE = "qhn-plot networks jobs/experiments/gaussian.toml --count 3 --out networks.pdf"
WIDTHS = (style.WIDE, style.NARROW)
# The data set `gaussian` (docs/theory.md): centers by label, each with the variance VARIANCE.
CLUSTERS = {0: [(-1, -2)], 1: [(-2, 1), (1, 1), (2, -2)]}
VARIANCE = 0.1
RADIUS = (VARIANCE * -2 * np.log(0.05)) ** 0.5  # holds 95 % of a round cluster
REGION = (-3.4, 3.4)
CELLS = 61  # of the map, in each direction
DASHES = {0: "-", 1: "--"}
# Blue, dark in grey, to orange, light in grey.
SIGNED = style.matplotlib.colors.LinearSegmentedColormap.from_list("signed", ["#0060A0", "#FFFFFF", "#E69F00"])


def add_arguments(parser):
    parser.add_argument("experiment", help="experiment file (.toml), of problem.kind gaussian or images")
    parser.add_argument("--count", type=int, default=3, help="networks to draw (default %(default)s)")
    parser.add_argument(
        "--distinct", action="store_true", help="one network for each cost: equal ones often are one function"
    )
    program.add_options(parser)


def draw(options):
    if not 1 <= options.count <= 12:
        raise InputError("--count: allowed: 1 to 12")
    settings = program.settings(options.experiment, options)
    _shape(settings, options.experiment)
    more = ("--lowest", 500 if options.distinct else options.count, "--bins", 1)
    ((_, landscape),) = program.documents([options.experiment], "landscape", options, *more)
    if options.distinct:
        landscape["lowest"] = one_of_each_cost(landscape["lowest"])
    return make_figure(landscape, settings, count=options.count, width=options.width, title=options.title)


def one_of_each_cost(lowest):
    """The first of the networks in `lowest` (of the JSON of qhn landscape) with each gap, in their order."""
    found = []
    for one in lowest:
        if not found or one["gap"] - found[-1]["gap"] > 1e-10:
            found.append(one)
    return found


def _shape(settings, name):
    """Side of the images, None for the plane. Raises InputError for other problems."""
    kind = settings.get("problem.kind")
    if kind == "gaussian":
        return None
    if kind == "images":
        return int(settings["problem.side"])
    raise InputError(f"{name}: problem.kind = {kind!r} has no picture; allowed: gaussian, images")


def make_figure(landscape, settings, *, count=3, width=style.WIDE, title=""):
    """`landscape`: the JSON object of qhn landscape; `settings`: {"problem.kind": ...} of the same experiment, as
    program.settings() or Campaign.settings returns them. Draws the `count` lowest networks.

    Table: network (1 = the best), index, gap, what ("p" at the point x, y of the plane, or the group of weights, with
    the unit, row x and column y of the picture), unit, x, y, value."""
    side = _shape(settings, landscape.get("name", "the experiment"))
    try:
        lowest = [(int(one["index"]), float(one["gap"]), one["network"]) for one in landscape["lowest"][:count]]
    except (KeyError, TypeError, ValueError):
        raise InputError("holds no networks; is it of qhn landscape --json?") from None
    if not lowest:
        raise InputError("holds no networks; is it of qhn landscape --json?")
    networks = [(index, gap, Network.read(printed, settings), printed) for index, gap, printed in lowest]
    style.start()
    return (_plane if side is None else _images)(networks, side, settings, width, title)


def _heading(rank, index, gap, network, printed, inches):
    """What stands above a panel of that width."""
    words = [f"{rank}: network {index}", f"gap {gap if gap > 1e-12 else 0:.2g}"]
    words += [network.activation] if network.activation else []
    words += [f"width {network.width}"] if "width" in printed else []
    words += [f"values {printed['pair']}"] if "pair" in printed else []
    # Spaces within a word do not break lines.
    lines = textwrap.wrap(", ".join(w.replace(" ", "\xa0") for w in words), max(int(inches * 72 / 4.4), 12))
    return style.plain("\n".join(lines).replace("\xa0", " ").replace("\n", "|"), 200).replace("|", "\n")


def _plane(networks, _, settings, width, title):
    if networks[0][2].inputs != 2:
        raise InputError(f"the networks have {networks[0][2].inputs} inputs; allowed: 2 for a map of the plane")
    columns = min(len(networks), 3 if width > 5 else 2)
    lines = -(-len(networks) // columns)
    figure, panels = plt.subplots(
        lines,
        columns,
        figsize=(width, (width / columns * (0.92 if columns > 1 else 0.8)) * lines + 0.3),
        layout="constrained",
        sharex=True,
        sharey=True,
        squeeze=False,
    )
    ticks = np.linspace(*REGION, CELLS)
    plane = np.stack(np.meshgrid(ticks, ticks), axis=-1)
    rows = []
    for k, axes in enumerate(panels.flat):
        if k >= len(networks):
            axes.set_visible(False)
            continue
        index, gap, network, printed = networks[k]
        p = network.probability(plane)
        picture = axes.imshow(
            p, origin="lower", extent=(*REGION, *REGION), cmap="cividis", vmin=0, vmax=1, interpolation="bilinear"
        )
        if p.min() < 0.5 < p.max():
            axes.contour(ticks, ticks, p, levels=[0.5], colors="black", linewidths=1.3)
        for label, centers in CLUSTERS.items():
            for center in centers:
                for edge, line, dash in (("black", 1.9, "-"), ("white", 1.0, DASHES[label])):
                    circle = plt.Circle(center, RADIUS, fill=False, edgecolor=edge, linestyle=dash, linewidth=line)
                    axes.add_patch(circle)
                spot = {"boxstyle": "circle,pad=0.15", "facecolor": "white", "edgecolor": "none"}
                axes.text(*center, str(label), ha="center", va="center", fontsize=style.SMALL + 1, bbox=spot)
        axes.set_title(_heading(k + 1, index, gap, network, printed, 0.8 * width / columns), loc="left", fontsize=7)
        axes.set_xticks([-2, 0, 2])
        axes.set_yticks([-2, 0, 2])
        axes.set_xlabel(r"$x_1$" if k + columns >= len(networks) else "")
        axes.set_ylabel(r"$x_2$" if k % columns == 0 else "")
        rows += [(k + 1, index, gap, "p", None, ticks[j], ticks[i], value) for (i, j), value in np.ndenumerate(p)]
    bar = figure.colorbar(picture, ax=list(panels.flat), shrink=0.8, pad=0.02)
    bar.set_label("p of label 1")
    handles = [plt.Line2D([], [], color="black", linewidth=1.3)]
    caption = "Circles hold 95 % of each cluster of the data; the number in them is its label. "
    caption += "Networks are numbered from the lowest cost."
    style.finish(figure, [(handles, ["boundary p = 1/2"], None)], caption, title)
    return figure, Table.from_rows("network index gap what unit x y value".split(), rows)


def _images(networks, side, settings, width, title):
    pictures_of = []  # [hidden, side, side] of each network
    for _, _, network, _ in networks:
        weights = network.weights["W"][:, None] if "W" in network.weights else network.weights["W1"]
        if len(weights) != side * side:
            raise InputError(f"the networks have {len(weights)} inputs; allowed: {side * side}, one for each pixel")
        pictures_of.append(weights.T.reshape(-1, side, side))
    units = len(pictures_of[0])
    # A line is a network, a column a hidden unit; logistic networks stand side by side.
    columns = units if units > 1 else min(len(networks), 4 if width > 5 else 2)
    lines = len(networks) if units > 1 else -(-len(networks) // columns)
    each = min(width / columns, 2.2)
    figure, panels = plt.subplots(
        lines, columns, figsize=(width, (each + 0.1) * lines), layout="constrained", squeeze=False
    )
    largest = max(float(np.abs(pictures).max()) for pictures in pictures_of) or 1.0
    values = sorted({float(v) for pictures in pictures_of for v in np.unique(pictures)})
    rows, kind = [], "W" if "W" in networks[0][2].weights else "W1"
    flat = iter(panels.flat)
    for rank, (pictures, (index, gap, network, printed)) in enumerate(zip(pictures_of, networks), 1):
        for unit, weights in enumerate(pictures):
            axes = next(flat)
            picture = axes.imshow(weights, cmap=SIGNED, vmin=-largest, vmax=largest)
            axes.set_xticks([])
            axes.set_yticks([])
            if each / side >= 0.2:
                for (i, j), value in np.ndenumerate(weights):
                    color = "white" if value < -0.5 * largest else "black"  # the dark end of SIGNED
                    text = f"{value:g}".replace("-", "−")
                    axes.text(j, i, text, ha="center", va="center", fontsize=style.SMALL, color=color)
            if unit == 0:
                heading = _heading(rank, index, gap, network, printed, 0.8 * each)
                axes.set_title(heading, loc="left", fontsize=7)
            elif units > 1 and rank == 1:
                axes.set_title(f"hidden unit {unit + 1}", loc="left", fontsize=7)
            if units > 1 and unit >= network.width:
                axes.set_xlabel("switched off")
            rows += [(rank, index, gap, kind, unit, i, j, v) for (i, j), v in np.ndenumerate(weights)]
    for axes in flat:
        axes.set_visible(False)
    bar = figure.colorbar(picture, ax=list(panels.flat), shrink=0.7, pad=0.02)
    bar.set_ticks(values)
    bar.set_ticklabels([f"{v:g}" for v in values])
    bar.set_label("weight")
    digits = settings.get("problem.digits")
    caption = f"Weights of the pixels ({kind}), one of two values each"
    pair = settings.get("network.pair_w1", settings.get("network.pair"))
    choice = "; the pair of values is a choice of each network."
    caption += f": {pair[0]:g} or {pair[1]:g}." if isinstance(pair, list) else choice
    if digits and kind == "W":
        caption += f" Positive weights speak for the digit {digits[1]}, negative ones for {digits[0]}."
    style.finish(figure, [], caption, title)
    return figure, Table.from_rows("network index gap what unit x y value".split(), rows)
