"""Reads the file that test_campaign_file kept, with h5py: the layout is what the header promises."""
import sys

try:
    import h5py
    import numpy as np
except ImportError:
    print("h5py is missing: skipped")
    sys.exit(77)

with h5py.File(sys.argv[1]) as f:
    assert f.attrs["format"] == "qhn campaign", f.attrs["format"]
    assert f.attrs["schema_version"] == 1
    assert f.attrs["name"] == "größer"
    assert f.attrs["restarts_requested"] == 5
    assert "count = 3" in f["experiment"].asstr()[()]
    assert f["epsilon"][:].tolist() == [1e-2, 1e-4]
    table = f["table"].attrs
    assert (table["qubits"], table["minimum"], table["minimizers"], table["best_index"]) == (
        41, 0.3268526932, 2, 77)
    assert table["samples"] == 12665 and table["best_test_cost"] == 0.34375
    assert dict(f["method"].attrs) == {"name": "annealing", "settings": "sweeps = 100",
        "tuning_evaluations": 1000, "tuning_unique": 900, "tuning_samples": 12665000,
        "inner_samples": 555}
    r = f["restarts"]
    assert r["oracle_evaluations"][:].tolist() == [[100, 0, 3], [101, 0, 3], [102, 0, 3]]
    assert r["oracle_unique"][:].tolist() == [[90, 0, 2]] * 3
    assert r["oracle_samples"][:].tolist() == [[2**40, 0, 0], [2**40 + 1, 0, 1], [2**40 + 2, 0, 2]]
    assert r["id"][:].tolist() == [0, 1, 2]
    assert r["expectation"][:].tolist() == [0.1 + 1 / 3, 0.1 + 1 / 4, 0.1 + 1 / 5]
    names = {v: k for k, v in h5py.check_enum_dtype(r["status"].dtype).items()}
    assert [names[s] for s in r["status"][:]] == ["converged", "converged", "diverged"]
    assert r["best_string"][:].tolist() == [2**40, 2**40 + 1, 2**40 + 2]
    assert r["expectation_crossing_iteration"][:].tolist() == [[3, -1]] * 3
    assert r["string_crossing_evaluation"][:].tolist() == [[2, 7]] * 3
    assert r["angles"].shape == (3, 3) and r["angles"].attrs["unit"] == "rad"
    assert r["test_expectation"][:].tolist() == [0.3] * 3 and r["best_accuracy"][:].tolist() == [0.9] * 3
    assert r["best_test_cost"][:].tolist() == [0.4] * 3
    assert np.allclose(r["best_test_accuracy"][:], [0.875, 0.885, 0.895], rtol=1e-15)
    # Iterate k of restart i: i + 1/(1+k), twice and three times that, 7 k + i.
    h, entries = f["history"], [(i, k) for i in range(3) for k in range(r["iterations"][i] + 1)]
    values = np.array([i + 1 / (1 + k) for i, k in entries])
    assert len(entries) == 126 and np.array_equal(h["expectation"][:], values)
    assert np.array_equal(h["gradient_norm"][:], np.float32(2 * values))
    assert np.array_equal(h["step"][:], np.float32(3 * values)) and h["step"].attrs["unit"] == "rad"
    assert h["evaluations"][:].tolist() == [7 * k + i for i, k in entries]
    assert r["seconds"].attrs["unit"] == "s" and np.isnan(r["joules"][:]).all()
    assert r["host"].asstr()[:].tolist() == ["node-b", "n", "node-b"]
    runs, phases = f["energy/runs"], f["energy/phases"]
    assert runs["run"].asstr()[:].tolist() == ["run-1", "run-2"]
    assert runs["pue"][:].tolist() == [1.25, 1.5] and runs["grams_per_kwh"][:].tolist() == [300, 400]
    assert phases["run"].asstr()[:].tolist() == ["run-1", "run-1", "run-2"]
    assert phases["method"].asstr()[:].tolist() == ["measured:rapl"] + ["modelled:cpu"] * 2
    assert phases["exchanged"][:].tolist() == [11, 12, 12] and phases["times"][:].tolist() == [6] * 3
    assert phases["joules"][:].tolist() == [30, 31, 31] and phases["joules"].attrs["unit"] == "J"
    p = f["provenance"]
    assert p["hosts"].asstr()[:].tolist() == ["node1", "node-number-2"]
    assert dict(p["slurm"].attrs) == {"SLURM_JOB_ID": "17", "SLURM_JOB_NAME": "a=b"}
    assert p.attrs["ranks"] == 4 and p.attrs["engine"] == "sweep" and p.attrs["seed"] == 11
    for key in ("version", "git_commit", "git_dirty", "compiler", "libraries", "cpu", "simd"):
        assert isinstance(p.attrs[key], str) and p.attrs[key], key
