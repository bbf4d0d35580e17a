#!/usr/bin/env python3
"""Compares two campaigns from the same start angles restart by restart.

For every epsilon: how often each succeeds (E - E_min < epsilon), the two-sided p of Fisher's exact
test that the probabilities are equal, and the restarts on which they differ. Rounding alone lets some
end elsewhere: another engine, SIMD level or number of ranks per state. Ends with 1 where a p is 0.01
or less.
"""

import argparse
import sys

try:
    import numpy as np
    from scipy import stats

    import qhn_results
except ImportError as missing:
    sys.exit(
        f"error: {missing}; Debian: apt-get install python3-h5py python3-numpy python3-scipy, "
        "and run with /usr/bin/python3"
    )

LEAST_P = 0.01


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0],
        epilog="example: analysis/restarts.py results/one-rank results/two-ranks --epsilon 1e-5",
    )
    parser.add_argument("first", help="campaign folder or file")
    parser.add_argument("second")
    parser.add_argument(
        "--epsilon", type=float, action="append", help="a gap; may be repeated (default: their ladders)"
    )
    return parser.parse_args()


def listed(ids):
    return f"{len(ids)}" + (f": {', '.join(map(str, ids))}" if len(ids) else "")


def main():
    options = arguments()
    try:
        first, second = (qhn_results.load(path) for path in (options.first, options.second))
    except (FileNotFoundError, ValueError) as error:
        sys.exit(f"error: {error}")
    count = min(first.prefix, second.prefix)
    if count == 0:
        sys.exit("error: one of them holds no restart with id 0 yet")
    if (first["seed"][:count] != second["seed"][:count]).any():
        sys.exit(f"error: {options.first} and {options.second} have other seeds: nothing to compare")
    gaps = [campaign["gap"][:count] for campaign in (first, second)]
    for path, campaign in ((options.first, first), (options.second, second)):
        print(f"{path}: {campaign.attributes['provenance/engine']}")
    print(f"{count} restarts; equal to 1e-8: {np.count_nonzero(np.abs(gaps[0] - gaps[1]) < 1e-8)}")
    compatible = True
    for epsilon in options.epsilon or sorted({*first.epsilons, *second.epsilons}, reverse=True):
        a, b = (gap < epsilon for gap in gaps)
        table = [[np.count_nonzero(s), np.count_nonzero(~s)] for s in (a, b)]
        p = stats.fisher_exact(table)[1]
        compatible = compatible and p > LEAST_P
        print(
            f"gap below {epsilon:g}: {table[0][0]} and {table[1][0]}, Fisher p = {p:.4g}\n"
            f"  only in the first  {listed(np.flatnonzero(a & ~b))}\n"
            f"  only in the second {listed(np.flatnonzero(b & ~a))}"
        )
    print("compatible" if compatible else f"not compatible: p <= {LEAST_P}")
    return 0 if compatible else 1


if __name__ == "__main__":
    sys.exit(main())
