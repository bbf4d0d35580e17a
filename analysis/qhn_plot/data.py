"""Reads what figures draw: campaigns, sweeps, and the JSON of the program's verbs."""

from __future__ import annotations

import pathlib
import sys

import qhn_results
from qhn_plot import InputError


# What h5py and qhn_results raise for files that are damaged or something else.
UNREADABLE = (OSError, ValueError, KeyError, RuntimeError)


def _unreadable(path, error):
    if isinstance(error, (InputError, FileNotFoundError, ValueError)):
        return InputError(str(error))  # names the file
    return InputError(f"{path}: cannot be read ({error})")


def add_campaigns(parser):
    parser.add_argument("results", nargs="+", help="campaigns or sweeps (folders), or campaign.h5 files")
    parser.add_argument("--labels", help="comma-separated, one a campaign (default: their names)")


def label_of(campaign) -> str:
    """The folder's name, also where its campaign.h5 was named."""
    path = campaign.path.resolve()
    return path.parent.name if path.name == "campaign.h5" else path.stem if path.is_file() else path.name


def load_campaigns(paths, labels=None):
    """(campaigns, labels): those of `paths`, of a sweep all points that have begun. `labels`: text with commas.

    Raises InputError: no campaign; nothing that can be estimated; another number of labels."""
    campaigns = []
    for path in paths:
        try:
            if qhn_results.is_sweep(path):
                campaigns += [point.campaign for point in load_sweep(path).points]
            else:
                campaigns.append(qhn_results.load(path))
        except UNREADABLE as error:
            raise _unreadable(path, error) from None
    for campaign in campaigns:
        if campaign.prefix == 0:
            raise InputError(f"{campaign.path}: restart 0 is not finished, nothing can be estimated")
    return campaigns, labels_of(labels, [label_of(c) for c in campaigns], "campaigns")


def labels_of(labels, names, what) -> list:
    """The entries of `labels`, text with commas; without it `names`. Raises InputError for another number of them."""
    found = labels.split(",") if labels else names
    if len(found) != len(names):
        raise InputError(f"{len(found)} labels for {len(names)} {what}")
    return found


def method_of(campaign) -> str:
    """What a campaign's color stands for: the classical method, else the circuit family, else ""."""
    method = campaign.attributes.get("method/name")
    return method or campaign.settings.get("circuit.family", "")


def add_sweeps(parser, x):
    """As add_sweep, for a figure that shows several side by side."""
    parser.add_argument("sweep", nargs="+", help="folders of sweeps of the same keys")
    parser.add_argument("--labels", help="comma-separated, one a sweep (default: names of the experiments)")
    _add_sweep_options(parser, x)


def add_sweep(parser, x):
    parser.add_argument("sweep", help="folder of a sweep")
    _add_sweep_options(parser, x)


def _add_sweep_options(parser, x):
    parser.add_argument("--x", metavar="KEY", help=f"swept key on the x axis (default: {x})")
    parser.add_argument("--by", metavar="KEY", help="swept key with a line or panel a value (default: circuit.family)")
    parser.add_argument(
        "--where",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="draw only points with this value of a swept key; may be repeated",
    )


def load_sweep(path, where=()):
    """A sweep, of its points those with the values in `where` ("circuit.layers=2"); says on stderr what is not begun.

    Raises InputError: no sweep, no such key or value, no point with restart 0."""
    try:
        sweep = qhn_results.load_sweep(path)
        sweep.points = [p for p in sweep.points if _matches(sweep, p, where)]
        if not sweep.points:
            raise InputError(f"{path}: no point has begun" + (f" with {', '.join(where)}" if where else ""))
        empty = [p for p in sweep.points if p.campaign.prefix == 0]
    except UNREADABLE as error:
        raise _unreadable(path, error) from None
    sweep.missing += [p.name for p in empty]
    sweep.points = [p for p in sweep.points if p not in empty]
    if not sweep.points:
        raise InputError(f"{path}: restart 0 of no point is finished, nothing can be estimated")
    if sweep.missing:
        shown = "; ".join(sweep.missing[:3]) + ("; …" if len(sweep.missing) > 3 else "")
        print(f"note: {path}: points without a result are not drawn ({len(sweep.missing)}): {shown}", file=sys.stderr)
    return sweep


def _matches(sweep, point, where):
    for one in where:
        key, separator, value = one.partition("=")
        if not separator or key not in sweep.keys:
            raise InputError(f"--where {one}: allowed: KEY=VALUE with a swept key: {', '.join(sweep.keys)}")
        if text_of(point.values[key]) != value.strip("'\""):
            return False
    return True


def text_of(value) -> str:
    """A value of a swept key as a label."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "[" + ", ".join(map(text_of, value)) + "]"
    return f"{value:g}" if isinstance(value, float) else str(value)


def swept_key(sweep, key, option, ends, why):
    """`key`, which must be swept; by default the first swept one whose last part is in `ends`. Raises InputError."""
    if key is None:
        key = next((k for k in sweep.keys if k.rsplit(".", 1)[-1] in ends), None)
        if key is None:
            raise InputError(f"{sweep.path}: sweeps no {why}; allowed: {option} KEY, one of {', '.join(sweep.keys)}")
    elif key not in sweep.keys:
        raise InputError(f"{option} {key}: not swept; allowed: {', '.join(sweep.keys)}")
    return key


def grouped(sweep, x, by):
    """({by: {x: {problem.seed: Campaign}}}, most data sets in a group), both in the order of the sweep.

    Points that differ in problem.seed have different data. Raises InputError if x is no number, or if points of one
    group differ in something else."""
    groups = {}
    for point in sweep.points:
        place = point.values[x]
        if isinstance(place, bool) or not isinstance(place, (int, float)):
            raise InputError(f"--x {x}: {text_of(place)} is no number")
        name = text_of(point.values[by]) if by else ""
        groups.setdefault(name, {}).setdefault(place, []).append(point)
    for name, places in groups.items():
        for place, points in places.items():
            seeds = [point.values.get("problem.seed") for point in points]
            if len(set(seeds)) < len(seeds):
                others = [k for k in sweep.keys if k not in (x, by, "problem.seed")]
                differ = [k for k in others if len({p.values[k] for p in points}) > 1] or others
                alike = f"{x} = {text_of(place)}" + (f" and {by} = {name}" if by else "")
                raise InputError(
                    f"{sweep.path}: several points have {alike}; they differ in {', '.join(differ)}: "
                    f"choose with --where {(differ or ['KEY'])[0]}=VALUE or --by"
                )
    most = max(len(points) for places in groups.values() for points in places.values())
    found = {
        name: {x: {p.values.get("problem.seed"): p.campaign for p in points} for x, points in sorted(places.items())}
        for name, places in groups.items()
    }
    return found, most


def restarts_text(campaigns) -> str:
    """ "n = 20 restarts", or a range."""
    counts = sorted({c.prefix for c in campaigns})
    return f"n = {counts[0]}" + (f" to {counts[-1]}" if len(counts) > 1 else "")
