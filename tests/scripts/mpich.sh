# Builds qhn with MPICH in its own tree and trains with two ranks: the same result, bit for bit, as
# the program of this tree without mpirun.
# shellcheck source=tests/scripts/check.sh
. "$(dirname "$0")/check.sh"
if ! command -v mpicxx.mpich >/dev/null || ! command -v mpiexec.mpich >/dev/null; then
  skip "no mpicxx.mpich and mpiexec.mpich"
fi
. jobs/lib.sh
# -O1 and unity files compile in half the time; results do not depend on them.
build release "$1/mpich" -DMPI_CXX_COMPILER="$(command -v mpicxx.mpich)" \
  -DMPIEXEC_EXECUTABLE="$(command -v mpiexec.mpich)" -DQHN_TESTS=OFF -DQHN_BENCH=OFF \
  -DCMAKE_CXX_FLAGS_RELEASE="-O1 -DNDEBUG" -DCMAKE_UNITY_BUILD=ON -- qhn
train=(train jobs/experiments/gaussian-h2.toml --restarts 10 --seed 5)
OMP_NUM_THREADS=1 mpiexec.mpich -n 2 "$1/mpich/bin/qhn" "${train[@]}" --out "$scratch/mpich"
"$1/bin/qhn" "${train[@]}" --out "$scratch/own"
"$(pick_python)" - "$scratch/mpich" "$scratch/own" <<'PYTHON'
import sys

import numpy as np

sys.path.insert(0, "analysis")
import qhn_results

mpich, own = map(qhn_results.load, sys.argv[1:])
assert "MPICH" in mpich.attributes["provenance/mpi"], mpich.attributes["provenance/mpi"]
assert mpich.attributes["provenance/ranks"] == 2, "the two processes did not form one job"
assert len(mpich) == len(own) == 10
exempt = {"seconds", "cpu_seconds", "joules", "host"}
for field in own.records.keys() - exempt:
    np.testing.assert_array_equal(mpich[field], own[field], err_msg=field)
print("MPICH, 2 ranks: bit-identical result fields")
PYTHON
