#!/usr/bin/env python3
"""Prints a Markdown table: each published number beside the one that qhn finds.

Published: arXiv:2301.08292 and its program, linear circuits of two layers on MNIST 0/1 at 4x4 pixels. Success
probabilities agree if the 99 % Newcombe interval of their difference contains 0.
"""

import argparse
import json
import pathlib
import subprocess
import sys

try:
    import qhn_results
    from qhn_plot.intervals import newcombe
except ImportError as missing:
    sys.exit(f"error: {missing}; Debian: apt-get install python3-h5py python3-scipy, and run with /usr/bin/python3")

MNIST, ENCODING = "jobs/experiments/mnist-01.toml", "jobs/experiments/mnist-37-encoding.toml"
SUCCESSES = ((1e-3, 300), (1e-4, 272), (1e-5, 229))  # of 300 restarts, gap below epsilon
RESTARTS = 300
CONFIDENCE = 0.99
SINGLE = 6e-8  # relative rounding of single precision, in which images are resized


def asked(qhn, *arguments):
    done = subprocess.run([qhn, *arguments, "--json"], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"error: qhn {' '.join(arguments)}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def problem_rows(qhn):
    """(what, published, found, agrees) of numbers that no restart is needed for."""
    rows = []
    for hidden, name, bits in ((2, "gaussian-h2", 10), (3, "gaussian", 14), (4, "gaussian-h4", 18)):
        found = asked(qhn, "table", f"jobs/experiments/{name}.toml")["qubits"]
        rows.append((f"gaussian, H = {hidden}: qubits", bits, found, found == bits))
    if not pathlib.Path("data/mnist").is_dir():
        return rows
    for name, file, published in (("0/1, N = 17", MNIST, 0.3268526932), ("3/7, N = 19", ENCODING, 0.60363895)):
        found = asked(qhn, "table", file)["minimum"]
        agrees = abs(found - published) < SINGLE * published
        rows.append((f"MNIST {name}: E_min", published, f"{found:.10f}", agrees))
    shares = asked(qhn, "locality", MNIST)["shares"]
    for order, published in ((1, 91.5), (2, 8.1)):
        found = 100 * shares[order - 1]
        what = f"MNIST 0/1: variance in {order}-body terms"
        rows.append((what, f"{published} %", f"{found:.2f} %", abs(found - published) < 0.1))
    return rows


def success_rows(folder):
    """The same of success probabilities, from a sweep of mnist-01 over circuit.layers; [] if it is not there."""
    try:
        sweep = qhn_results.load_sweep(folder)
    except (OSError, ValueError):
        return []
    rows = []
    for point in sweep.points:
        if point.values["circuit.family"] != "linear" or point.values["circuit.layers"] != 2:
            continue
        for epsilon, published in SUCCESSES:
            found = point.campaign.success(epsilon)
            low, high = newcombe(found.count, found.restarts, published, RESTARTS, CONFIDENCE)
            what = f"MNIST 0/1, linear, 2 layers: gap < {epsilon:g}"
            shown = f"{found.count}/{found.restarts}, difference [{low:.3f}, {high:.3f}]"
            rows.append((what, f"{published}/{RESTARTS}", shown, low <= 0 <= high))
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=pathlib.Path, help="folder of jobs/reproduce.sh, with mnist-depth")
    parser.add_argument("--qhn", default="build/release/bin/qhn", help="the program (default %(default)s)")
    options = parser.parse_args()
    rows = problem_rows(options.qhn) + success_rows(options.results / "mnist-depth")
    print("| | published | qhn | agree |\n|---|---|---|---|")
    for what, published, found, agrees in rows:
        print(f"| {what} | {published} | {found} | {'yes' if agrees else 'NO'} |")
    sys.exit(0 if all(row[-1] for row in rows) else 1)


if __name__ == "__main__":
    main()
