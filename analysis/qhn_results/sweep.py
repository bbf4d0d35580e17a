"""Reads sweeps: the folders that `qhn train` makes of an experiment with a table [sweep]."""

from __future__ import annotations

import functools
import json
import pathlib

from .campaign import Campaign, load
from .toml_text import read_value


class Point:
    """One experiment of a sweep.

    folder    where its campaign is
    values    {key: value} of the swept keys, e.g. {"circuit.family": "linear", "circuit.layers": 2}
    restarts  how many were asked for
    campaign  read when it is first used; raises what load() raises"""

    def __init__(self, folder, values, restarts):
        self.folder = pathlib.Path(folder)
        self.values = values
        self.restarts = restarts

    @functools.cached_property
    def campaign(self) -> Campaign:
        return load(self.folder)

    @property
    def name(self) -> str:
        return self.folder.name


class Sweep:
    """A sweep, read from its sweep.json.

    keys     the swept keys, in the order of the experiment file; not restarts.seed where every problem.seed has its own
    points   those with a campaign.h5, in the order of the sweep
    missing  names of the points that have none yet"""

    def __init__(self, path, name, keys, points, missing):
        self.path = pathlib.Path(path)
        self.name = name
        self.keys = keys
        self.points = points
        self.missing = missing

    def __len__(self):
        return len(self.points)

    def values(self, key) -> list:
        """The distinct values of a swept key, in the order in which they first appear."""
        return list(dict.fromkeys(point.values[key] for point in self.points))


def is_sweep(path) -> bool:
    return (pathlib.Path(path) / "sweep.json").is_file()


def load_sweep(path) -> Sweep:
    """Reads the folder of a sweep; a list as value of a key becomes a tuple.

    Raises FileNotFoundError where there is none and ValueError where sweep.json is not as qhn writes it."""
    path = pathlib.Path(path)
    file = path / "sweep.json"
    if not file.is_file():
        raise FileNotFoundError(f"{file}: no such sweep")
    try:
        index = json.loads(file.read_text(encoding="utf-8"))
        keys, points, missing = list(index["keys"]), [], []
        for point in index["points"]:
            if pathlib.Path(point["folder"]).name != point["folder"] or len(point["values"]) != len(keys):
                raise ValueError("a point does not fit")
            values = dict(zip(keys, (_hashable(read_value(text)) for text in point["values"])))
            if (path / point["folder"] / "campaign.h5").is_file():
                points.append(Point(path / point["folder"], values, int(point["restarts"])))
            else:
                missing.append(point["folder"])
        if _data_sets_have_own_starts(points):
            keys.remove("restarts.seed")
            for point in points:
                del point.values["restarts.seed"]
        return Sweep(path, str(index["name"]), keys, points, missing)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{file}: does not hold the points of a sweep ({error})") from None


def _data_sets_have_own_starts(points):
    seeds = {(p.values.get("problem.seed"), p.values.get("restarts.seed")) for p in points}
    one_each = len({data for data, _ in seeds}) == len(seeds) == len({starts for _, starts in seeds})
    return one_each and len(seeds) > 1 and not any(None in pair for pair in seeds)


def _hashable(value):
    if isinstance(value, list):
        return tuple(map(_hashable, value))
    return tuple(sorted((k, _hashable(v)) for k, v in value.items())) if isinstance(value, dict) else value
