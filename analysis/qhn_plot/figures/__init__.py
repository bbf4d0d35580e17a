"""One module a figure. A new one is named in ALL, and offers

HELP                    one line for `qhn-plot --help`
EXAMPLE                 a command, for `qhn-plot NAME --help`
WIDTHS                  the widths in inches that it is made for, the default first
add_arguments(parser)   its own options; --out, --data, --title, --width are there already
draw(options)           reads what the options name and returns make_figure(...)
make_figure(data, ...)  (matplotlib Figure, Table of what is drawn)

Both raise InputError or OSError.
"""

ALL = [
    "success", "depth", "convergence", "generalization", "shots", "noise", "locality", "landscape", "networks",
    "compare", "scaling", "roofline",
]  # fmt: skip
