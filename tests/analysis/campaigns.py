"""Makes campaigns, sweeps and histories as files, for the tests."""

import json

import h5py
import numpy as np


def campaign(folder, gaps, *, experiment="[problem]", epsilon=(1e-2, 1e-4), minimum=0.25, history=False, **fields):
    """A campaign of the restarts 0, 1, ... with these gaps. `history`: restart r with i iterations has the expectations
    minimum + gap + i, ..., minimum + gap; needs the field iterations."""
    folder.mkdir(parents=True)
    with h5py.File(folder / "campaign.h5", "w") as file:
        ids = np.asarray(fields.pop("ids", range(len(gaps))), dtype="u8")
        file["restarts/id"] = ids
        file["restarts/gap"] = np.array(gaps, dtype="f8")
        file["restarts/expectation"] = minimum + np.array(gaps, dtype="f8")
        limited = fields.pop("limited", [0] * len(gaps))
        kind = h5py.enum_dtype({"converged": 0, "iteration_limit": 1}, basetype="u1")
        file["restarts/status"] = np.array(limited, dtype=kind)
        for name, values in fields.items():
            file[f"restarts/{name}"] = values
        if history:
            steps = [np.arange(i, -1, -1) for i in fields["iterations"]]
            file["history/expectation"] = np.concatenate([minimum + g + s for g, s in zip(gaps, steps)])
            file["history/gradient_norm"] = np.concatenate([0.5 + s for s in steps]).astype("f4")
            file["history/step"] = np.concatenate([np.ones(len(s)) for s in steps]).astype("f4")
            file["history/evaluations"] = np.concatenate([2 * np.arange(len(s)) for s in steps]).astype("i4")
        file["epsilon"] = np.array(epsilon, dtype="f8")
        file["experiment"] = experiment
        file["provenance/hosts"] = np.array(["n1"], dtype=h5py.string_dtype())
        file.attrs.update({"format": "qhn campaign", "schema_version": 1})
        file["provenance"].attrs.update({"git_commit": "abc", "engine": "cut"})
        file.create_group("table").attrs.update({"minimum": minimum, "reference": "enumerated"})
    return folder


def sweep(folder, keys, points):
    """A sweep; `points`: {folder: (TOML texts of the values, keywords of campaign() or None, which has not begun)}."""
    folder.mkdir()
    index = [{"folder": name, "values": list(values), "restarts": 9} for name, (values, _) in points.items()]
    (folder / "sweep.json").write_text(json.dumps({"name": "made", "keys": keys, "points": index}))
    for name, (_, made) in points.items():
        if made is not None:
            campaign(folder / name, **made)
    return folder
