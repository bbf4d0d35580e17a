"""The look of every figure: colors, names, legends, size. Needs matplotlib 3.5 or newer."""

from __future__ import annotations

import textwrap
from typing import NamedTuple

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

NARROW, WIDE = 3.4, 7.0  # inches, as printed: a column, a page
DPI = 300
SMALL = 6.5  # points: the least that is read at the printed size
# Okabe and Ito's colors, told apart by color-blind readers too; without their yellow, which is hard to
# see on white paper.
OKABE_ITO = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]
MARKERS = "osD^vP*X<>"
STYLES = ["-", (0, (5, 1.5)), (0, (3, 1, 1, 1)), (0, (1, 1))]
GREY = "0.35"
MOST_BANDS = 6  # more of them on each other are one color


class Look(NamedTuple):
    """How the curve of one method is drawn. Printed in grey, dashes and markers tell curves apart."""

    color: str
    marker: str
    linestyle: object

    def line(self, **more):
        """A handle for a legend."""
        return plt.Line2D([], [], **{**self._asdict(), **more})


# The same in every figure, for circuit families and classical methods.
LOOKS = {
    "linear": Look("#0072B2", "o", STYLES[0]),
    "product": Look("#E69F00", "s", STYLES[1]),
    "all-to-all": Look("#009E73", "^", STYLES[2]),
    "custom": Look("#000000", "D", STYLES[3]),
    "descent": Look("#D55E00", "v", STYLES[0]),
    "annealing": Look("#CC79A7", "P", STYLES[1]),
    "cross-entropy": Look("#56B4E9", "X", STYLES[2]),
    "random": Look("#777777", "h", STYLES[3]),
    "ste": Look("#882255", "<", STYLES[0]),
    "proxquant": Look("#999933", ">", STYLES[1]),
    "signsgd": Look("#332288", "*", STYLES[2]),
    "nested": Look("#117733", "p", STYLES[3]),
}


def looks(names):
    """A Look for each name: that of LOOKS, if all names differ and it is there. Otherwise by position."""
    names = list(names)
    if len(set(names)) == len(names) and any(name in LOOKS for name in names):
        used = {LOOKS[name].color for name in names if name in LOOKS}
        others = [name for name in names if name not in LOOKS]
        free = [c for c in palette(len(OKABE_ITO)) if c not in used]
        free = free if len(others) <= len(free) else ordered(len(others))
        other = {
            name: Look(free[k], MARKERS[(k + 6) % len(MARKERS)], STYLES[(k + 1) % len(STYLES)])
            for k, name in enumerate(others)
        }
        return [LOOKS.get(name) or other[name] for name in names]
    return [
        Look(color, MARKERS[k % len(MARKERS)], STYLES[k % len(STYLES)])
        for k, color in enumerate(palette(len(names)))
    ]


def start():
    plt.rcParams.update(
        {
            "font.size": 7.5,
            "axes.titlesize": 8,
            "axes.labelsize": 7.5,
            "xtick.labelsize": SMALL,
            "ytick.labelsize": SMALL,
            "axes.linewidth": 0.6,
            "lines.linewidth": 1.2,
            "lines.markersize": 4,
            "svg.fonttype": "none",
            "svg.hashsalt": "qhn",  # the same figure is the same file
            "pdf.fonttype": 42,  # text stays text
        }
    )


def ordered(count):
    """As many colors, from dark to light, for what has an order: no two are the same."""
    scale = matplotlib.colormaps["viridis"]
    return [matplotlib.colors.to_hex(scale(0.93 * k / max(count - 1, 1))) for k in range(count)]


def palette(count):
    """As many colors for what has no order; no two are the same."""
    return OKABE_ITO[:count] if count <= len(OKABE_ITO) else ordered(count)


def plain(text, longest=60):
    """A name as it stands: no formula, whatever `$` and `_` are in it, on one line."""
    text = "".join(c if c.isprintable() else "?" for c in str(text))
    if len(text) > longest:
        text = text[: longest - 1] + "…"
    if text.startswith("_"):  # or a legend leaves it out
        text = " " + text
    return text.replace("$", r"\$")


def tidy(axes):
    axes.grid(True, which="major", color="0.9", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def integers(axes, places, logarithmic=False):
    """Ticks of the x axis at integers only: all of `places` (ascending), if they fit."""
    across = axes.get_subplotspec().get_gridspec().ncols
    most = 4 * axes.figure.get_size_inches()[0] / across  # ticks
    if logarithmic:
        axes.set_xscale("log", base=2)
        axes.set_xlim(places[0] / 1.4, places[-1] * 1.4)
        axes.xaxis.set_minor_locator(plt.NullLocator())
        axes.set_xticks(places, [f"{p:g}" for p in places])
        return
    least = min((b - a for a, b in zip(places, places[1:])), default=1)
    axes.set_xlim(places[0] - 0.4 * least, places[-1] + 0.4 * least)
    if (places[-1] - places[0]) / least < most:
        axes.set_xticks(places, [f"{p:g}" for p in places])
    else:
        axes.xaxis.set_major_locator(plt.MaxNLocator(nbins=6, integer=all(float(p).is_integer() for p in places)))


def letters_across(figure):
    """How many small letters fit into the width of a figure."""
    return int(figure.get_size_inches()[0] * 72 / (0.56 * SMALL))


def _legend(figure, handles, labels, top, title):
    """Below everything, in as many columns as fit."""
    longest = 60
    renderer = figure.canvas.get_renderer()  # matplotlib 3.5 does not find it
    if title:
        title = "\n".join(textwrap.wrap(title, letters_across(figure)))
    while True:
        for columns in range(min(len(labels), 6), 0, -1):
            legend = figure.legend(
                handles,
                [plain(label, longest) for label in labels],
                ncol=columns,
                loc="upper left",
                bbox_to_anchor=(0.0, top),
                borderaxespad=0,
                frameon=False,
                fontsize=SMALL,
                title=title,
                title_fontsize=SMALL,
                handlelength=2.4,
                columnspacing=1.2,
            )
            legend._legend_box.align = "left"  # its title; legend(alignment=) is of matplotlib 3.6
            if legend.get_window_extent(renderer).width <= 0.99 * figure.bbox.width or longest < 10:
                return legend
            legend.remove()
        longest -= 10


def finish(figure, legends, caption="", title=""):
    """Adds a band with legends, each (handles, labels, title), and a caption below the axes."""
    width, height = figure.get_size_inches()
    pad = 0.06
    renderer = figure.canvas.get_renderer()
    if title:
        lines = textwrap.wrap(plain(title, 10**6), int(width * 72 / (0.6 * 8.5)))
        figure.suptitle("\n".join(lines), x=0.03 / width, ha="left", fontsize=8.5)
    parts = [_legend(figure, *legend[:2], 0.5, legend[2]) for legend in legends if legend[1]]
    if caption:
        letters = letters_across(figure) + 4
        lines = textwrap.wrap(plain(caption, 10**6), letters)
        while True:
            text = figure.text(0.03 / width, 0.5, "\n".join(lines), fontsize=SMALL, va="top", color="0.25")
            if text.get_window_extent(renderer).width <= 0.98 * figure.bbox.width:
                break
            text.remove()
            letters -= 2
            lines = textwrap.wrap(plain(caption, 10**6), letters)
        parts.append(text)
    heights = [part.get_window_extent(renderer).height / figure.dpi for part in parts]
    band = sum(heights) + pad * (len(parts) + 1)
    whole = height + band
    _freeze(figure, height, band)
    figure.set_size_inches(width, whole)
    top = band - pad
    for part, part_height in zip(parts, heights):
        if isinstance(part, matplotlib.text.Text):
            part.set_y(top / whole)
        else:
            part.set_bbox_to_anchor((0.0, top / whole), transform=figure.transFigure)
        top -= part_height + pad


def _freeze(figure, height, band):
    """Lays the axes out now, for the height without the band, and moves them above it.

    A layout with a part of the figure left free is new in matplotlib 3.6."""
    for part in [*figure.legends, *figure.texts]:
        part.set_in_layout(part is figure._suptitle)
    pictures = any(axes.get_aspect() != "auto" for axes in figure.axes)
    for _ in range(3 if pictures else 1):  # pictures of a fixed shape take more than one round
        if hasattr(figure, "get_layout_engine"):
            figure.get_layout_engine().execute(figure)
        else:
            figure.execute_constrained_layout()
    places = [axes.get_position(original=True).bounds for axes in figure.axes]
    above = figure._suptitle.get_position() if figure._suptitle else None
    if hasattr(figure, "set_layout_engine"):
        figure.set_layout_engine("none")
    else:
        figure.set_constrained_layout(False)
    whole = height + band
    for axes, (x, y, w, h) in zip(figure.axes, places):
        axes.set_position((x, (y * height + band) / whole, w, h * height / whole))
    if above:
        figure._suptitle.set_position((above[0], (above[1] * height + band) / whole))
