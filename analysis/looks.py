"""What the figures of this folder have in common: colours, names, legends, size."""

import pathlib
import sys
import textwrap

try:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
except ImportError as missing:
    sys.exit(f"error: {missing}; Debian: apt-get install python3-matplotlib, run with /usr/bin/python3")

CENTIMETRE = 1 / 2.54
COLUMN, PAGE = 8.5 * CENTIMETRE, 17.0 * CENTIMETRE  # inches, as printed
DPI = 300
SMALL = 6.5  # points: the least that is read at the printed size
# Okabe and Ito's colours, told apart by colour-blind readers too; without their yellow, which white
# paper swallows.
OKABE_ITO = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]
MARKERS = "osD^vP*X<>"
STYLES = ["-", (0, (5, 1.5)), (0, (3, 1, 1, 1)), (0, (1, 1))]


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
        }
    )


def ordered(count):
    """As many colours, from dark to light, for what has an order: no two are the same."""
    scale = matplotlib.colormaps["viridis"]
    return [matplotlib.colors.to_hex(scale(0.93 * k / max(count - 1, 1))) for k in range(count)]


def palette(count):
    """As many colours for what has no order; no two are the same."""
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


def _legend(figure, handles, labels, top, title):
    """Below everything, in as many columns as there is room for."""
    longest = 60
    while True:
        for columns in range(min(len(labels), 6), 0, -1):
            legend = figure.legend(
                handles,
                [plain(label, longest) for label in labels],
                ncols=columns,
                loc="upper left",
                bbox_to_anchor=(0.0, top),
                borderaxespad=0,
                frameon=False,
                fontsize=SMALL,
                title=title,
                title_fontsize=SMALL,
                alignment="left",
                handlelength=2.4,
                columnspacing=1.2,
            )
            if legend.get_window_extent().width <= 0.99 * figure.bbox.width or longest < 10:
                return legend
            legend.remove()
        longest -= 10


def finish(figure, legends, caption="", title=""):
    """Adds a band with legends, each (handles, labels, title), and a caption below the axes."""
    width, height = figure.get_size_inches()
    pad = 0.06
    if title:
        figure.suptitle(plain(title), x=0.01, ha="left", fontsize=8.5)
    parts = [_legend(figure, *legend[:2], 0.5, legend[2]) for legend in legends if legend[1]]
    if caption:
        letters = int(width * 72 / (0.52 * SMALL))  # of DejaVu Sans, on average
        lines = textwrap.wrap(plain(caption, 10**6), letters)
        while True:
            text = figure.text(0.01, 0.5, "\n".join(lines), fontsize=SMALL, va="top", color="0.25")
            if text.get_window_extent().width <= 0.98 * figure.bbox.width:
                break
            text.remove()
            letters -= 2
            lines = textwrap.wrap(plain(caption, 10**6), letters)
        parts.append(text)
    heights = [part.get_window_extent().height / figure.dpi for part in parts]
    band = sum(heights) + pad * (len(parts) + 1)
    whole = height + band
    figure.set_size_inches(width, whole)
    figure.get_layout_engine().set(rect=(0, band / whole, 1, 1 - band / whole))
    top = band - pad
    for part, part_height in zip(parts, heights):
        if isinstance(part, matplotlib.text.Text):
            part.set_y(top / whole)
        else:
            part.set_bbox_to_anchor((0.0, top / whole), transform=figure.transFigure)
        part.set_in_layout(False)
        top -= part_height + pad


def save(figure, out):
    out = pathlib.Path(out)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(out, dpi=DPI)
    except (OSError, ValueError) as error:
        sys.exit(f"error: cannot write {out}: {error}")
    print(out)
