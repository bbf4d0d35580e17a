"""same_results.py DIR REFERENCE: both campaigns hold the same restarts with bit-identical result fields,
and DIR says which Slurm job made it. Cost fields differ by nature."""
import sys

import h5py
import numpy as np

COSTS = {"seconds", "cpu_seconds", "joules", "host"}

with h5py.File(sys.argv[1] + "/campaign.h5") as ours, h5py.File(sys.argv[2] + "/campaign.h5") as local:
    assert set(ours["restarts"]) == set(local["restarts"])
    assert set(ours["restarts"]) > COSTS
    for field in set(ours["restarts"]) - COSTS:
        a, b = ours["restarts"][field][...], local["restarts"][field][...]
        assert a.shape == b.shape, f"{field}: {a.shape} and {b.shape}"
        assert np.array_equal(a.view(np.uint8), b.view(np.uint8)), field
    slurm = ours["provenance/slurm"].attrs
    assert slurm["SLURM_JOB_ID"].isdigit(), dict(slurm)
    assert "slurm" not in local["provenance"]
