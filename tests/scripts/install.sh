# cmake --install into an empty folder; another project finds and uses the libraries there.
# shellcheck source=tests/scripts/check.sh
. "$(dirname "$0")/check.sh"
cmake --install "$1" --prefix "$scratch/prefix" >"$scratch/log" || fail "$(tail -20 "$scratch/log")"
expect 0 "$scratch/prefix/bin/qhn" validate jobs/experiments/gaussian.toml
cmake -S tests/scripts/consumer -B "$scratch/build" -DCMAKE_PREFIX_PATH="$scratch/prefix" \
  >"$scratch/log" 2>&1 || fail "$(cat "$scratch/log")"
cmake --build "$scratch/build" >"$scratch/log" 2>&1 || fail "$(cat "$scratch/log")"
expect 0 "$scratch/build/consumer"
[ "$output" = 6.93555592 ] || fail "the consumer printed: $output"
