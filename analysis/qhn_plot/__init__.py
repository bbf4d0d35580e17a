"""Figures of the results of qhn. Command line: qhn-plot NAME --help. Needs matplotlib, h5py, numpy, scipy.

Every module of qhn_plot.figures has a function make_figure(data, ..., width=..., title="") that returns
(matplotlib Figure, qhn_plot.table.Table of what is drawn) and raises InputError where data cannot be
drawn.
"""


class InputError(ValueError):
    """Something that was given cannot be drawn; the message is one line for the user."""
