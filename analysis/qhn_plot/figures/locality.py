"""Draws how much of the variance of the costs is in terms of one bit, two bits, and so on.

Sources: what `qhn locality EXPERIMENT --json` printed, as files or from standard input (-), or experiment
files, for which the program is run.
"""

from __future__ import annotations

from qhn_plot import InputError, program, style
from qhn_plot.style import plt
from qhn_plot.table import Table

HELP = "shares of the variance of the costs by the number of bits of a term"
EXAMPLE = "qhn locality jobs/experiments/gaussian.toml --json | qhn-plot locality - --out locality.pdf"
WIDTHS = (style.NARROW, style.WIDE)
LEAST = 1e-8  # shares below it are rounding, or matter to nothing


def add_arguments(parser):
    parser.add_argument("sources", nargs="+", help="JSON files, - or experiment files (.toml)")
    parser.add_argument("--labels", help="comma-separated, one a problem (default: the names of the files)")
    program.add_options(parser)


def draw(options):
    found = program.labelled(program.documents(options.sources, "locality", options), options.labels)
    return make_figure(found, width=options.width, title=options.title)


def make_figure(problems, *, width=style.NARROW, title=""):
    """`problems`: [(label, JSON object of qhn locality)].

    Table: problem, order, share."""
    style.start()
    figure, axes = plt.subplots(figsize=(width, 2.3 if width < 5 else 3.0), layout="constrained")
    looks = style.looks([""] * len(problems))
    rows, most, left_out = [], 1, False
    for (label, one), look in zip(problems, looks):
        try:
            shares = [float(share) for share in one["shares"]]
        except (KeyError, TypeError, ValueError):
            raise InputError(f"{label}: holds no shares; is it of qhn locality --json?") from None
        drawn = [(label, order, share) for order, share in enumerate(shares, 1) if share >= LEAST]
        if not drawn:
            raise InputError(f"{label}: all shares are 0: the costs are all equal")
        left_out = left_out or len(drawn) < len(shares)
        most = max(most, drawn[-1][1])
        axes.plot(
            [row[1] for row in drawn],
            [row[2] for row in drawn],
            **look._asdict(),
            markeredgecolor="white",
            markeredgewidth=0.4,
        )
        rows += drawn
    axes.set_yscale("log")
    axes.set_ylim(top=1.5)
    style.integers(axes, list(range(1, most + 1)))
    axes.set_xlabel("order S: bits in a term")
    axes.set_ylabel("share of the variance")
    style.tidy(axes)
    names = [f"{label}  (N = {one['qubits']})" if "qubits" in one else label for label, one in problems]
    caption = "Shares W(S) / (W(1) + … + W(N)) of the squared Walsh-Hadamard coefficients."
    caption += f" Shares below {LEAST:g} are left out." if left_out else ""
    style.finish(figure, [([look.line() for look in looks], names, None)], caption, title)
    return figure, Table.from_rows(("problem", "order", "share"), rows)
