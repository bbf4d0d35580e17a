"""Reads the campaigns that `qhn train` writes. Needs h5py, numpy and scipy, and no C++.

>>> import qhn_results
>>> campaign = qhn_results.load("results/gaussian")
>>> campaign["gap"].min()
>>> campaign.success(1e-4)
"""

from __future__ import annotations

import math
import pathlib
from typing import NamedTuple

import h5py
import numpy as np
from scipy import stats

__all__ = ["Campaign", "Success", "load"]

CONFIDENCE = 0.95
SCHEMA_VERSION = 1  # the layout of campaign.h5 that this module reads


class Success(NamedTuple):
    """How many restarts came closer than epsilon to the minimum: count of restarts, their share, and
    its two-sided 95 % Clopper-Pearson interval [low, high]."""

    epsilon: float
    count: int
    restarts: int
    probability: float
    low: float
    high: float


class Campaign:
    """The finished restarts of one experiment, in the order of their ids.

    records    field name -> array with one row a restart, e.g. records["expectation"]; also
               campaign["expectation"], len(campaign)
               (status as text, crossings -1 where the gap never fell below that epsilon)
    epsilons   the experiment's own ladder, descending
    attributes everything else the file says about itself by path: attributes["table/minimum"],
               attributes["provenance/git_commit"], attributes["experiment"] (the TOML text), ...;
               of every field too: attributes["restarts/gap/description"], .../unit, .../shape
    """

    def __init__(self, path, records, epsilons, attributes):
        self.path = pathlib.Path(path)
        self.records = records
        self.epsilons = epsilons
        self.attributes = attributes

    def __getitem__(self, field):
        return self.records[field]

    def __len__(self):
        return len(self.records["id"])

    @property
    def reference(self):
        """What gaps are counted from: ("enumerated", E_min) or ("target", problem.target)."""
        if "table/target" in self.attributes:
            return "target", float(self.attributes["table/target"])
        return "enumerated", float(self.attributes["table/minimum"])

    @property
    def prefix(self) -> int:
        """Number m of restarts 0...m-1 that are all finished. Estimates use these alone: in an
        unfinished campaign the others are the quick ones, which would be counted too often."""
        ids = self.records["id"]
        gaps = np.flatnonzero(ids != np.arange(len(ids), dtype=ids.dtype))
        return int(gaps[0]) if len(gaps) else len(ids)

    def success(self, epsilon=None):
        """Success at one epsilon; at each of several; at each of the experiment's ladder.

        A restart succeeds where gap = E - E_min < epsilon, E_min or the target (reference). Diverged restarts (gap NaN) fail."""
        if epsilon is None:
            epsilon = self.epsilons
        if np.ndim(epsilon):
            return [self.success(one) for one in epsilon]
        gaps = self.records["gap"][: self.prefix]
        count, restarts = int(np.count_nonzero(gaps < epsilon)), len(gaps)
        if restarts == 0:
            return Success(float(epsilon), 0, 0, math.nan, 0.0, 1.0)
        interval = stats.binomtest(count, restarts).proportion_ci(CONFIDENCE, method="exact")
        return Success(float(epsilon), count, restarts, count / restarts, interval.low, interval.high)

    def frame(self):
        """The records as a pandas DataFrame indexed by id. A field with several numbers a restart
        becomes one column each, named field_0, field_1, ..."""
        try:
            import pandas
        except ImportError as missing:
            raise ImportError("frame() needs pandas (Debian: python3-pandas)") from missing
        columns = {}
        for field, values in self.records.items():
            if values.ndim == 1:
                columns[field] = values
            else:
                flat = values.reshape(len(values), -1)
                columns.update({f"{field}_{k}": flat[:, k] for k in range(flat.shape[1])})
        return pandas.DataFrame(columns).set_index("id")


def load(path) -> Campaign:
    """Reads a campaign: its folder, or the campaign.h5 in it.

    Raises FileNotFoundError where there is none and ValueError where the file is no campaign."""
    path = pathlib.Path(path)
    file = path / "campaign.h5" if path.is_dir() else path
    if not file.is_file():
        raise FileNotFoundError(f"{file}: no such campaign")
    try:
        h5 = h5py.File(file, "r")
    except OSError as error:
        raise ValueError(f"{file}: not an HDF5 file ({error})") from None
    with h5:
        if h5.attrs.get("format") != "qhn campaign":
            raise ValueError(f"{file}: not a campaign of qhn")
        version = h5.attrs.get("schema_version")
        if version != SCHEMA_VERSION:
            raise ValueError(f"{file}: schema version {version}; this qhn_results reads version {SCHEMA_VERSION}")
        order = np.argsort(h5["restarts/id"][:], kind="stable")
        records = {field: _values(dataset)[order] for field, dataset in h5["restarts"].items()}
        attributes = dict(h5.attrs)

        def collect(name, node):
            attributes.update({f"{name}/{key}": value for key, value in node.attrs.items()})
            if isinstance(node, h5py.Dataset) and name != "epsilon":
                attributes[name] = _values(node)

        for name, node in h5["restarts"].items():
            attributes.update({f"restarts/{name}/{key}": value for key, value in node.attrs.items()})
        for name, node in h5.items():
            if name != "restarts":
                collect(name, node)
                if isinstance(node, h5py.Group):
                    node.visititems(lambda below, inner, name=name: collect(f"{name}/{below}", inner))
        return Campaign(path, records, h5["epsilon"][:].tolist(), attributes)


def _values(dataset):
    """A dataset as numpy array; enumerations and strings as text."""
    names = h5py.check_enum_dtype(dataset.dtype)
    if names:
        text = {value: name for name, value in names.items()}
        return np.array([text[value] for value in dataset[:]], dtype=object)
    if h5py.check_string_dtype(dataset.dtype):
        dataset = dataset.asstr()
    return dataset[()]
