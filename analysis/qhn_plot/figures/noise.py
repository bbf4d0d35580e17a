"""Draws trained circuits under noise: the mean expectation, and the probability of the best networks.

Reads the lines that `qhn evaluate --from DIR --all --best --json` prints for several strengths of noise,
one file a line of the figure. The x axis is the strength after two-qubit gates (--x one_qubit: after
one-qubit gates). Bars are 95 % intervals of the mean by a bootstrap over restarts.
"""

from __future__ import annotations

import json
import pathlib

from qhn_plot import InputError, data, intervals, style
from qhn_plot.style import plt
from qhn_plot.table import Table

HELP = "expectation and best network of trained circuits against noise"
EXAMPLE = "qhn-plot noise noise-free.jsonl noisy.jsonl --labels 'trained without noise,trained with it'"
WIDTHS = (style.WIDE, style.NARROW)
PANELS = {"expectation": "mean E (units of the loss)", "best_probability": "probability of the best networks"}


def add_arguments(parser):
    parser.add_argument("evaluated", nargs="+", help="files of JSON lines")
    parser.add_argument("--labels", help="comma-separated, one a file (default: their names)")
    parser.add_argument("--x", choices=("one_qubit", "two_qubit"), default="two_qubit", help="default: %(default)s")


def draw(options):
    labels = data.labels_of(options.labels, [pathlib.Path(p).stem for p in options.evaluated], "files")
    if len(set(labels)) < len(labels):
        raise InputError(f"two files are named {max(labels, key=labels.count)}; allowed: --labels a,b")
    lines = {label: read(path) for label, path in zip(labels, options.evaluated)}
    return make_figure(lines, x=options.x, width=options.width, title=options.title)


def read(path) -> list:
    """The lines of a file as dictionaries. Raises InputError that names the line."""
    found = []
    for number, text in enumerate(pathlib.Path(path).read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        try:
            line = json.loads(text)
            for where, keys in ((line, (*PANELS, "minimum")), (line["noise"], ("one_qubit", "two_qubit"))):
                for key in keys:
                    float(where[key])
        except (ValueError, KeyError, TypeError):
            raise InputError(f"{path}:{number}: allowed: lines of qhn evaluate --best --json") from None
        found.append(line)
    if not found:
        raise InputError(f"{path}: empty")
    return found


def make_figure(lines, *, x="two_qubit", width=style.WIDE, title=""):
    """`lines`: {label: lines of read()}; `x`: the strength on the x axis.

    Table: line, panel (expectation or best_probability), noise, restarts, mean, low, high."""
    style.start()
    shape = (1, 2) if width > 5 else (2, 1)
    figure, panels = plt.subplots(*shape, figsize=(width, 2.6 if width > 5 else 4.2), layout="constrained", sharex=True)
    looks = style.looks(lines)
    strengths = [float(line["noise"][x]) for of in lines.values() for line in of]
    aside = 0.008 * (max(strengths) - min(strengths))  # so that no bar hides another
    rows = []
    for axes, (panel, name) in zip(panels.flat, PANELS.items()):
        for k, ((label, of), look) in enumerate(zip(lines.items(), looks)):
            found = _means(of, x, panel)
            rows += [(label, panel, *point) for point in found]
            at = [point[0] + aside * (k - (len(lines) - 1) / 2) for point in found]
            axes.plot(at, [p[2] for p in found], **look._asdict(), markeredgecolor="white", markeredgewidth=0.4)
            bars = [(a, *p[3:]) for a, p in zip(at, found) if p[3] is not None]
            axes.vlines([b[0] for b in bars], [b[1] for b in bars], [b[2] for b in bars], color=look.color, linewidth=0.9)
        axes.set_ylabel(name)
        axes.tick_params(labelbottom=True)
        style.tidy(axes)
    panels[1].set_ylim(bottom=0)
    least = {line["minimum"] for of in lines.values() for line in of}
    if len(least) == 1:
        panels[0].axhline(least.pop(), color=style.GREY, linewidth=0.7, linestyle=style.STYLES[3])
    for axes in panels if width > 5 else panels[1:]:
        axes.set_xlabel("noise after gates of " + ("two qubits" if x == "two_qubit" else "one qubit"))
    handles = [look.line() for look in looks]
    style.finish(figure, [(handles, list(lines), None)], _caption(lines, rows), title)
    return figure, Table.from_rows("line panel noise restarts mean low high".split(), rows)


def _means(lines, x, panel):
    """(strength, restarts, mean, low, high) at each strength, ascending."""
    at = {}
    for line in lines:
        at.setdefault(float(line["noise"][x]), []).append(float(line[panel]))
    return [(strength, len(values), *intervals.mean_value(values)) for strength, values in sorted(at.items())]


def _caption(lines, rows):
    restarts = sorted({row[3] for row in rows})
    count = f"{restarts[0]}" + (f" to {restarts[-1]}" if len(restarts) > 1 else "")
    kinds = sorted({line["noise"].get("kind", "?") for of in lines.values() for line in of})
    caption = f"Noise: {', '.join(kinds)}. Means over {count} restarts"
    caption += "; bars: 95 % intervals by a bootstrap over restarts." if restarts[-1] > 1 else "."
    if len({line["minimum"] for of in lines.values() for line in of}) == 1:
        caption += " Dotted: the least loss."
    return caption
