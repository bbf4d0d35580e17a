#!/usr/bin/env python3
"""Lets Optuna minimize the loss of an experiment's networks: an outside reference for `qhn baseline`.

Every bit of the network is a parameter with two values, every trial asks for one training loss, read
from the table of `qhn table` and billed as one evaluation of all training samples, whether it was
asked for before or not. A restart is one study of --budget trials; restart k of --seed S has the
sampler's seed S·1000003 + k.
"""

import argparse
import json
import math
import pathlib
import re
import subprocess
import sys
import tempfile

try:
    import h5py
    from scipy import stats
except ImportError as missing:
    sys.exit(f"error: {missing}; Debian: apt-get install python3-h5py python3-scipy, and run with /usr/bin/python3")
try:
    import optuna
except ImportError:
    sys.exit("error: Optuna is not installed; Debian: apt-get install python3-optuna, and run with /usr/bin/python3")

SAMPLERS = {
    "tpe": lambda seed: optuna.samplers.TPESampler(seed=seed),
    "random": lambda seed: optuna.samplers.RandomSampler(seed=seed),
}


def integer(low, high):
    """A reader of decimal digits, as the numbers of qhn's command line are."""

    def read(text):
        if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
            raise argparse.ArgumentTypeError(f"found '{text}'; allowed: an integer from {low} to {high}")
        return int(text)

    return read


def gaps(text):
    try:
        found = [float(gap) for gap in text.split(",")]
    except ValueError:
        found = []
    if not found or not all(0 < gap < math.inf for gap in found):
        raise argparse.ArgumentTypeError(f"found '{text}'; allowed: numbers above 0, e.g. 1e-2,1e-3")
    return found


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0],
        epilog="example: analysis/optuna_baseline.py jobs/experiments/gaussian-h2.toml --budget 200 --restarts 20",
    )
    parser.add_argument("experiment", help="experiment file (TOML)")
    parser.add_argument("--sampler", choices=SAMPLERS, default="tpe")
    parser.add_argument("--budget", type=integer(1, 2**31 - 1), default=300, help="losses a restart asks for (default %(default)s)")
    parser.add_argument("--restarts", type=integer(1, 10**6), default=20, help="default %(default)s")
    parser.add_argument("--seed", type=integer(0, 4000), default=1, help="default %(default)s")
    parser.add_argument("--epsilon", default="1e-2,1e-3,1e-4,1e-5", type=gaps, help="gaps that count (default %(default)s)")
    parser.add_argument("--out", help="write everything as JSON, too")
    parser.add_argument("--qhn", default=str(pathlib.Path(__file__).resolve().parents[1] / "build/release/bin/qhn"))
    return parser.parse_args()


def load_table(qhn, experiment):
    """The losses of all networks of an experiment, and how many training samples are behind each."""
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "costs.h5")
        try:
            run = subprocess.run([qhn, "table", experiment, "--out", file], capture_output=True, text=True)
        except OSError as error:
            sys.exit(f"error: {qhn}: {error.strerror}; --qhn names the program")
        if run.returncode != 0:
            sys.exit(f"error: {run.stderr.strip()}")
        samples = re.search(r"(\d+) training samples", run.stdout)
        if not samples:
            sys.exit(f"error: {qhn} table does not say how many training samples there are")
        with h5py.File(file) as h5:
            return h5["costs"][:], int(samples[1])


def restart(costs, samples, sampler, budget):
    """One study: the least loss, and the ledger."""
    qubits = (len(costs) - 1).bit_length()
    seen = set()

    def loss(trial):
        w = 0
        for k in range(qubits):  # parameter 0 is the most significant bit
            w = w << 1 | trial.suggest_categorical(f"bit{k}", (0, 1))
        seen.add(w)
        return float(costs[w])

    study = optuna.create_study(sampler=sampler)
    study.optimize(loss, n_trials=budget)
    evaluations = len(study.trials)
    return {
        "loss": study.best_value,
        "evaluations": evaluations,
        "unique": len(seen),
        "samples": evaluations * max(1, samples),
    }


def main():
    options = arguments()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    costs, samples = load_table(options.qhn, options.experiment)
    minimum = float(costs.min())
    runs = []
    for k in range(options.restarts):
        sampler = SAMPLERS[options.sampler](options.seed * 1000003 + k)
        runs.append(restart(costs, samples, sampler, options.budget))

    print(f"Optuna {optuna.__version__} {options.sampler}, {len(runs)} restarts of {options.budget} losses")
    mean = {key: sum(run[key] for run in runs) / len(runs) for key in ("evaluations", "unique", "samples")}
    print(f"a restart asks for {mean['evaluations']:.1f} losses, {mean['unique']:.1f} of them distinct, "
          f"{mean['samples']:.4g} samples")
    success = []
    for epsilon in options.epsilon:
        count = sum(run["loss"] - minimum < epsilon for run in runs)
        interval = stats.binomtest(count, len(runs)).proportion_ci(0.95, method="exact")
        success.append({"epsilon": epsilon, "count": count, "low": interval.low, "high": interval.high})
        print(f"  gap below {epsilon:g}: {count / len(runs):.4f} [{interval.low:.4f}, {interval.high:.4f}] "
              f"{count}/{len(runs)}")
    if options.out:
        result = {"experiment": options.experiment, "sampler": options.sampler, "optuna": optuna.__version__,
                  "minimum": minimum, "restarts": runs, "success": success}
        pathlib.Path(options.out).write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
