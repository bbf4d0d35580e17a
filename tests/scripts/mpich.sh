# Builds qhn with MPICH in its own tree. On 1, 2 and 4 ranks its result files are those of the
# program of this tree in everything, datasets and attributes of the table and the method too, but
# for what names the MPI, the hosts, the ranks and the times.
# shellcheck source=tests/scripts/check.sh
. "$(dirname "$0")/check.sh"
if ! command -v mpicxx.mpich >/dev/null || ! command -v mpiexec.mpich >/dev/null; then
  skip "no mpicxx.mpich and mpiexec.mpich"
fi
. jobs/lib.sh
# The components that know no MPI are those of this tree. The others are compiled without optimizing,
# which is sooner done and changes no result.
cmake --install "$1" --prefix "$scratch/prefix" >/dev/null
launcher=()
if command -v ccache >/dev/null; then launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi
cmake -S tests/scripts/mpich -B "$1/mpich" -DCMAKE_PREFIX_PATH="$scratch/prefix" "${launcher[@]}" \
  -DMPI_CXX_COMPILER="$(command -v mpicxx.mpich)" \
  -DMPIEXEC_EXECUTABLE="$(command -v mpiexec.mpich)" -DCMAKE_UNITY_BUILD=ON \
  -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG="-O0 -DNDEBUG"
cmake --build "$1/mpich" --parallel "$(cores)" --target qhn
# A table in which many networks are the best, the first of them at 37; published networks; a
# classical method.
"$(pick_python)" -c '
for w in range(1 << 10): print(0.25 if w % 101 == 37 else 1 + (w * 37 % 1000) / 1000)
' >"$scratch/ties.txt"
printf '[problem]\nkind = "table"\ntable = "%s"\n[circuit]\nsublayers = 3\n[restarts]\ncount = 6\n' \
  "$scratch/ties.txt" >"$scratch/ties.toml"
run() {  # run LAUNCHER… -- PROGRAM FOLDER
  local launcher=()
  while [ "$1" != -- ]; do launcher+=("$1") && shift; done
  local qhn=$2 out=$3
  "${launcher[@]}" "$qhn" train jobs/experiments/gaussian-h2.toml --restarts 10 --seed 5 --out "$out/train"
  "${launcher[@]}" "$qhn" train "$scratch/ties.toml" --out "$out/ties"
  "${launcher[@]}" "$qhn" baseline "$scratch/ties.toml" --method annealing --set baseline.tuning=500 --out "$out/baseline"
}
export OMP_NUM_THREADS=1
run -- "$1/bin/qhn" "$scratch/own"
for ranks in 1 2 4; do
  run mpiexec.mpich -n "$ranks" -- "$1/mpich/bin/qhn" "$scratch/mpich$ranks"
done
"$(pick_python)" - "$scratch" <<'PYTHON'
import pathlib
import sys

import h5py
import numpy as np

# What may differ: who computed, when and how long, and what that took.
EXEMPT_GROUPS = {"provenance", "energy"}
EXEMPT_FIELDS = {"restarts/" + name for name in ("seconds", "cpu_seconds", "joules", "host")}


def contents(path):
    """Every dataset and attribute of a file by its name, but for the exempt ones."""
    found = {}
    with h5py.File(path) as file:

        def visit(name, thing):
            if name.split("/")[0] in EXEMPT_GROUPS:
                return
            for key, value in thing.attrs.items():
                found[f"{name}@{key}"] = value
            if isinstance(thing, h5py.Dataset) and name not in EXEMPT_FIELDS:
                found[name] = thing[()]

        visit("", file)
        file.visititems(visit)
    return found


scratch = pathlib.Path(sys.argv[1])
paths = [p.relative_to(scratch / "own") for p in (scratch / "own").rglob("campaign.h5")]
assert len(paths) == 3, paths
for path in paths:
    own = contents(scratch / "own" / path)
    assert {"table@best_index", "table@minimizers", "restarts/id", "epsilon"} <= own.keys(), own.keys()
    if "ties" in str(path):
        assert own["table@best_index"] == 37 and own["table@minimizers"] == 10
    for ranks in (1, 2, 4):
        file = scratch / f"mpich{ranks}" / path
        with h5py.File(file) as f:
            assert "MPICH" in f["provenance"].attrs["mpi"], f["provenance"].attrs["mpi"]
            assert f["provenance"].attrs["ranks"] == ranks, "the processes did not form one job"
        mpich = contents(file)
        assert mpich.keys() == own.keys(), mpich.keys() ^ own.keys()
        for name, value in own.items():
            np.testing.assert_array_equal(mpich[name], value, err_msg=f"{path}, {ranks} ranks: {name}")
print("MPICH on 1, 2 and 4 ranks: every result field and attribute is Open MPI's")
PYTHON
