"""Reads the campaigns and sweeps that `qhn train` writes. Needs h5py, numpy and scipy, and no C++.

>>> import qhn_results
>>> campaign = qhn_results.load("results/gaussian")
>>> campaign["gap"].min()
>>> campaign.success(1e-4)
>>> sweep = qhn_results.load_sweep("results/gaussian-depth")
>>> [(point.values, point.campaign.success(1e-2).probability) for point in sweep.points]
"""

from .campaign import Campaign, History, Success, clopper_pearson, load, own_starts
from .sweep import Point, Sweep, is_sweep, load_sweep

__all__ = [
    "Campaign", "History", "Point", "Success", "Sweep", "clopper_pearson", "is_sweep", "load", "load_sweep",
    "own_starts",
]  # fmt: skip
