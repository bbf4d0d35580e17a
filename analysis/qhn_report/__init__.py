"""One HTML page about campaigns and sweeps of qhn. Command line: qhn report DIR..., or qhn-report DIR...

read       what was run: campaigns and sweeps from their folders
estimates  medians, success, cost until a success, joules
content    what the page says, as plain data
problem    what the program says about the problem: landscape, locality, networks, comparison
drawings   figures of qhn_plot as SVG for the page
page       the HTML file

Needs jinja2, matplotlib, h5py, numpy, scipy.
"""
