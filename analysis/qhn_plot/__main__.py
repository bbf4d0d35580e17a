"""qhn-plot NAME: one subcommand a figure."""

from __future__ import annotations

import argparse
import importlib
import pathlib
import sys

try:
    from qhn_plot import InputError, figures, output, style
    from qhn_plot.command import Parser
except ImportError as missing:
    sys.exit(
        f"error: {missing}; Debian: apt-get install python3-h5py python3-numpy python3-scipy "
        "python3-matplotlib, and run with /usr/bin/python3"
    )


def make_parser():
    parser = Parser(
        prog="qhn-plot",
        description="Draws the results of qhn. The options of a figure: qhn-plot NAME --help",
    )
    names = parser.add_subparsers(dest="figure", metavar="NAME", required=True, parser_class=Parser)
    for name in figures.ALL:
        module = importlib.import_module(f"qhn_plot.figures.{name}")
        one = names.add_parser(
            name,
            help=module.HELP,
            description=module.__doc__,
            epilog=f"example: {module.EXAMPLE}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(one)
        one.add_argument(
            "--out",
            action="append",
            help=f"PNG, SVG or PDF, by its name; may be repeated (default {name}.png)",
        )
        one.add_argument("--data", help="also write the numbers that are drawn to this CSV file")
        one.add_argument("--title", default="", help="above the figure (default: none)")
        one.add_argument(
            "--width",
            type=float,
            choices=module.WIDTHS,
            default=module.WIDTHS[0],
            help="inches, as printed (default %(default)s)",
        )
        one.set_defaults(draw=module.draw)
    return parser


def run(options):
    pictures = [(path, output.format_of(path)) for path in options.out or [f"{options.figure}.png"]]
    named = [path for path, _ in pictures] + ([options.data] if options.data else [])
    places = [pathlib.Path(path).resolve() for path in named]
    for k, place in enumerate(places):
        if place in places[:k]:
            raise InputError(f"{named[k]} is named twice; allowed: a file of its own for each --out and --data")
    figure, table = options.draw(options)
    files = [(path, output.picture(figure, kind)) for path, kind in pictures]
    if options.data:
        files.append((options.data, table.csv().encode()))
    style.plt.close(figure)
    output.write(files)
    for path, _ in files:
        print(path)


def main(arguments=None):
    options = make_parser().parse_args(arguments)
    try:
        run(options)
    except (InputError, OSError) as error:
        message = str(error)
        if isinstance(error, OSError) and error.filename is not None and error.strerror:
            message = f"{error.filename}: {error.strerror}"
        print("error:", " ".join(message.split()), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
