# cmake --install into an empty folder; another project finds and uses the libraries there.
# shellcheck source=tests/scripts/check.sh
. "$(dirname "$0")/check.sh"
cmake --install "$1" --prefix "$scratch/prefix" >"$scratch/log" || fail "$(tail -20 "$scratch/log")"
expect 0 "$scratch/prefix/bin/qhn" validate jobs/experiments/gaussian.toml
# The engine on a machine without MPI and the libraries of the command line.
cmake -S tests/scripts/consumer -B "$scratch/build" -DCMAKE_PREFIX_PATH="$scratch/prefix" \
  -DCMAKE_DISABLE_FIND_PACKAGE_MPI=ON -DCMAKE_DISABLE_FIND_PACKAGE_CLI11=ON \
  -DCMAKE_DISABLE_FIND_PACKAGE_spdlog=ON -DCMAKE_DISABLE_FIND_PACKAGE_HDF5=ON \
  >"$scratch/log" 2>&1 || fail "$(cat "$scratch/log")"
cmake --build "$scratch/build" >"$scratch/log" 2>&1 || fail "$(cat "$scratch/log")"
expect 0 "$scratch/build/consumer"
[ "$output" = 6.93555592 ] || fail "the consumer printed: $output"
# All components, and a name that is none.
for components in "" "COMPONENTS report" "COMPONENTS engines"; do
  mkdir -p "$scratch/all"
  printf '%s\n' 'cmake_minimum_required(VERSION 3.22)' 'project(all CXX)' \
    "find_package(qhn REQUIRED $components)" 'if(NOT TARGET qhn::report)' \
    '  message(FATAL_ERROR "no qhn::report")' 'endif()' >"$scratch/all/CMakeLists.txt"
  rm -rf "$scratch/all/build"
  code=0
  cmake -S "$scratch/all" -B "$scratch/all/build" -DCMAKE_PREFIX_PATH="$scratch/prefix" \
    >"$scratch/log" 2>&1 || code=$?
  if [ "$components" = "COMPONENTS engines" ]; then
    grep -q "no component engines; there are: core" "$scratch/log" || fail "$(cat "$scratch/log")"
  else
    [ "$code" = 0 ] || fail "$(cat "$scratch/log")"
  fi
done
