"""Finds the campaigns and sweeps that a report is about."""

from __future__ import annotations

import pathlib
from typing import NamedTuple

import qhn_results
from qhn_plot import InputError


class Entry(NamedTuple):
    """One campaign.

    label     told apart from the others by it
    path      its folder, or campaign.h5, as text for a command
    campaign  qhn_results.Campaign
    asked     restarts asked for; None where the file does not say; with a stopping rule: the most
    values    {key: value} of the swept keys, of a point of a sweep; else {}"""

    label: str
    path: str
    campaign: qhn_results.Campaign
    asked: int | None
    values: dict

    @property
    def used(self) -> int:
        """Restarts 0...used-1, from which everything is estimated."""
        return self.campaign.prefix

    @property
    def has_rule(self) -> bool:
        """Whether a rule, not a count, ends the campaign."""
        return any(key in self.campaign.settings for key in ("restarts.halfwidth", "restarts.relative_tts"))

    @property
    def is_classical(self) -> bool:
        return "method/name" in self.campaign.attributes

    @property
    def name(self) -> str:
        """Of the experiment, with method and values of a sweep."""
        return str(self.campaign.attributes.get("name") or self.label)

    @property
    def title(self) -> str:
        """Of the experiment alone."""
        return str(self.campaign.settings.get("name") or self.name).removesuffix(f" {self.label}")


class Group(NamedTuple):
    """What one section is about: a sweep, or all campaigns that stand alone.

    name     of the section
    paths    as given, for commands
    entries  campaigns with at least restart 0
    empty    names of points and campaigns without restart 0
    sweep    qhn_results.Sweep with the points of `entries`, or None"""

    name: str
    paths: list
    entries: list
    empty: list
    sweep: qhn_results.Sweep | None


def load(paths) -> list:
    """The Groups of `paths`: sweeps, campaigns, or folders with some of these directly inside.

    Raises InputError if a path holds none, if a file cannot be read, or if no restart 0 is finished anywhere."""
    sweeps, single = [], []
    for path in paths:
        found = list(_inside(path))
        if not found:
            raise InputError(f"{path}: {_why_nothing(path)}")
        sweeps += [one for one in found if qhn_results.is_sweep(one)]
        single += [one for one in found if not qhn_results.is_sweep(one)]
    try:
        groups = [_of_sweep(path) for path in dict.fromkeys(sweeps)]
        if single:
            groups.insert(0, _of_campaigns(list(dict.fromkeys(single))))
    except (OSError, ValueError) as error:
        raise InputError(str(error)) from None
    for entry in (entry for group in groups for entry in group.entries):
        if not {"table/minimum", "table/target"} & entry.campaign.attributes.keys():
            raise InputError(f"{entry.path}: does not say what its gaps are counted from (table/minimum)")
    if not any(group.entries for group in groups):
        raise InputError(f"{paths[0]}: restart 0 is not finished, nothing can be estimated; allowed: results of "
                         "qhn train or baseline (of a run that goes on: qhn merge DIR)")
    return groups


def _inside(path):
    """The sweeps and campaigns that `path` means."""
    place = pathlib.Path(path)
    if qhn_results.is_sweep(place) or place.is_file() or (place / "campaign.h5").is_file():
        yield str(path)
    elif place.is_dir():
        for child in sorted(place.iterdir()):
            if qhn_results.is_sweep(child) or (child / "campaign.h5").is_file():
                yield str(child)


def _why_nothing(path) -> str:
    place = pathlib.Path(path)
    if not place.exists():
        return "no such folder"
    if (place / "journal").is_dir():
        return f"no campaign.h5 yet; qhn merge {path} makes it from the journals"
    return "holds no campaign.h5 and no sweep.json; allowed: a folder of qhn train or qhn baseline"


def _asked(campaign):
    number = campaign.attributes.get("restarts_requested")
    return None if number is None else int(number)


def _of_campaigns(paths) -> Group:
    loaded = [(path, qhn_results.load(path)) for path in paths]
    labels = [_folder(path) for path in paths]
    if len(set(labels)) < len(labels):
        labels = paths
    entries = [Entry(label, path, c, _asked(c), {}) for label, (path, c) in zip(labels, loaded)]
    empty = [e.label for e in entries if e.used == 0]
    name = labels[0] if len(labels) == 1 else "Campaigns"
    return Group(name, paths, [e for e in entries if e.used], empty, None)


def _folder(path) -> str:
    place = pathlib.Path(path).resolve()
    return place.parent.name if place.name == "campaign.h5" else place.name


def _of_sweep(path) -> Group:
    sweep = qhn_results.load_sweep(path)
    entries = [Entry(p.name, str(p.folder), p.campaign, p.restarts, p.values) for p in sweep.points]
    empty = sweep.missing + [e.label for e in entries if e.used == 0]
    sweep.points = [p for p in sweep.points if p.campaign.prefix]
    return Group(sweep.name, [path], [e for e in entries if e.used], empty, sweep)
