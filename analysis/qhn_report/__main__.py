"""qhn report DIR...: writes one HTML page about campaigns and sweeps."""

from __future__ import annotations

import os
import pathlib
import sys

try:
    import jinja2  # noqa: F401

    from qhn_plot import InputError, output
    from qhn_plot.command import Parser
    from qhn_report import page, read
    from qhn_report.content import make_report
    from qhn_report.problem import Program
except ImportError as missing:
    sys.exit(
        f"error: {missing}; Debian: apt-get install python3-jinja2 python3-h5py python3-numpy python3-scipy "
        "python3-matplotlib, and run with /usr/bin/python3"
    )


def make_parser():
    parser = Parser(
        prog="qhn report",
        description="Writes one HTML file about campaigns and sweeps: tables, figures, cost, provenance, and the "
        "command behind each. It needs no network, and can be printed or sent.",
        epilog="example: qhn report results/gaussian results/gaussian-baseline --out report.html",
    )
    parser.add_argument("results", nargs="+", metavar="DIR", help="campaigns, sweeps, or folders that hold some")
    parser.add_argument("--out", metavar="FILE", help="the page (default: report.html in the first DIR)")
    parser.add_argument("--title", default="", help="of the page (default: the names of the results)")
    parser.add_argument("--bench", metavar="bench.csv", help="adds the roof line of a run of bench/run.sh")
    parser.add_argument(
        "--scaling", metavar="scaling.csv", action="append", default=[], help="adds a table of qhn_scaling; may be repeated"
    )
    return parser


def default_out(first) -> pathlib.Path:
    """report.html in the folder `first`, or beside it if it is a campaign.h5."""
    place = pathlib.Path(first)
    return (place if place.is_dir() else place.parent) / "report.html"


def main(arguments=None) -> int:
    """0: the page is written. 2: something given cannot be used. 1: any other failure."""
    options = make_parser().parse_args(arguments)
    out = pathlib.Path(options.out) if options.out else default_out(options.results[0])
    try:
        results = read.load(options.results)
        report = make_report(
            results, Program.find(), title=options.title, bench=options.bench, scaling=options.scaling, out=out
        )
        content = page.render(report)
    except (InputError, FileNotFoundError) as error:
        return _fail(error, 2)
    except OSError as error:
        return _fail(error, 1)
    try:
        output.write([(out, content.encode())])
    except (InputError, OSError) as error:
        return _fail(error, 1)
    try:
        print(out, flush=True)
    except BrokenPipeError:  # the reader has gone: leave nothing for Python to flush
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    return 0


def _fail(error, code) -> int:
    print("error:", " ".join(str(error).split()), file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
