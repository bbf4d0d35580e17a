"""Reads campaign.h5, the result file of `qhn train` and `qhn baseline`."""

from __future__ import annotations

import functools
import math
import pathlib
from typing import NamedTuple

import h5py
import numpy as np
from scipy import stats

from .toml_text import read_settings

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


def clopper_pearson(count, restarts):
    """(low, high) of the two-sided 95 % Clopper-Pearson interval, for numbers or arrays of the same shape.

    Without restarts: (0, 1)."""
    count, restarts = np.asarray(count, dtype=float), np.asarray(restarts, dtype=float)
    tail = (1 - CONFIDENCE) / 2
    with np.errstate(invalid="ignore"):
        low = np.where(count > 0, stats.beta.ppf(tail, count, restarts - count + 1), 0.0)
        high = np.where(count < restarts, stats.beta.ppf(1 - tail, count + 1, restarts - count), 1.0)
    return low, high


class History(NamedTuple):
    """The iterates of one restart, the start included: arrays of shape [iterations + 1].

    expectation    E, in units of the cost
    gradient_norm  2-norm of the gradient of E, 1/rad; None if the file has none
    step           length of the step that led here, rad; 0 at the start; None if the file has none
    evaluations    spent so far; None if the file has none"""

    expectation: np.ndarray
    gradient_norm: np.ndarray | None
    step: np.ndarray | None
    evaluations: np.ndarray | None


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

    def __init__(self, path, records, epsilons, attributes, history_rows=None):
        """`history_rows`: (first iterate of every restart in /history, their numbers), None without histories."""
        self.path = pathlib.Path(path)
        self.records = records
        self.epsilons = epsilons
        self.attributes = attributes
        self._history_rows = history_rows

    def __getitem__(self, field):
        return self.records[field]

    def __len__(self):
        return len(self.records["id"])

    @property
    def file(self) -> pathlib.Path:
        """Its campaign.h5."""
        return self.path / "campaign.h5" if self.path.is_dir() else self.path

    @functools.cached_property
    def settings(self) -> dict:
        """The experiment with every default, as {"circuit.family": "linear", ...}; empty where it cannot be read."""
        try:
            return read_settings(str(self.attributes.get("experiment", "")))
        except ValueError:
            return {}

    @property
    def has_history(self) -> bool:
        """Whether every iterate was kept (restarts.keep_history)."""
        return self._history_rows is not None

    def history(self, id) -> History:
        """The iterates of a restart, read from the file now. Raises KeyError where there is none, and ValueError
        where the campaign kept no histories."""
        return next(self.histories([id]))

    def histories(self, ids=None):
        """Yields History after History, of `ids` (default: all, in the order of ids); one at a time is in memory.

        Raises as history() does."""
        if not self.has_history:
            raise ValueError(f"{self.file}: no histories; restarts.keep_history = true keeps them")
        rows = {int(id): row for row, id in enumerate(self.records["id"])}
        with h5py.File(self.file, "r") as h5:
            group = h5["history"]
            for id in rows if ids is None else ids:
                if id not in rows:
                    raise KeyError(f"{self.file}: no restart {id}")
                first, count = (int(numbers[rows[id]]) for numbers in self._history_rows)
                yield History(*(group[f][first : first + count] if f in group else None for f in History._fields))

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

        A restart succeeds where gap = E - E_min < epsilon; gaps may be counted from a target instead of E_min
        (reference). Diverged restarts (gap NaN) fail."""
        if epsilon is None:
            epsilon = self.epsilons
        gaps = np.sort(self.records["gap"][: self.prefix])  # NaN last
        restarts = len(gaps)
        epsilons = np.atleast_1d(np.asarray(epsilon, dtype=float))
        counts = np.searchsorted(gaps, epsilons, side="left")
        different, places = np.unique(counts, return_inverse=True)
        low, high = (bound[places] for bound in clopper_pearson(different, np.full(len(different), restarts)))
        every = [
            Success(float(e), int(k), restarts, k / restarts if restarts else math.nan, float(a), float(b))
            for e, k, a, b in zip(epsilons, counts.tolist(), low, high)
        ]
        return every if np.ndim(epsilon) else every[0]

    def succeeded(self, epsilon):
        """Whether restart 0, 1, … has a gap below epsilon (an array of bool); see success()."""
        return self.records["gap"][: self.prefix] < epsilon

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


def own_starts(campaigns) -> bool:
    """Whether restart k of each begins at other angles: they differ in restarts.seed, all of them."""
    seeds = [campaign.settings.get("restarts.seed") for campaign in campaigns]
    return len(set(seeds)) == len(seeds)


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
            if name not in ("restarts", "history"):  # histories can be large
                collect(name, node)
                if isinstance(node, h5py.Group):
                    node.visititems(lambda below, inner, name=name: collect(f"{name}/{below}", inner))
        rows = _history_rows(file, h5, order)
        return Campaign(path, records, h5["epsilon"][:].tolist(), attributes, rows)


def _history_rows(file, h5, order):
    """(first iterate of every restart in /history, their numbers) in the order of ids; None without histories.

    The iterates of all restarts follow each other in the order of the rows of /restarts."""
    if "history" not in h5:
        return None
    counts = h5["restarts/iterations"][:].astype(np.int64) + 1
    iterates = len(h5["history/expectation"])
    if counts.sum() != iterates:
        raise ValueError(f"{file}: /history holds {iterates} iterates, its restarts have {counts.sum()}")
    first = np.cumsum(counts) - counts
    return first[order], counts[order]


def _values(dataset):
    """A dataset as numpy array; enumerations and strings as text."""
    names = h5py.check_enum_dtype(dataset.dtype)
    if names:
        text = {value: name for name, value in names.items()}
        return np.array([text[value] for value in dataset[:]], dtype=object)
    if h5py.check_string_dtype(dataset.dtype):
        dataset = dataset.asstr()
    return dataset[()]
