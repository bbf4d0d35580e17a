#!/usr/bin/env bash
# Compiles for aarch64 and runs the tests that start no ranks, under qemu-user: tests/aarch64.sh
# Needs Debian or Ubuntu with g++-aarch64-linux-gnu and qemu-user. The target's packages (about
# 120 MB) are fetched into QHN_AARCH64, by default ~/.cache/qhn-aarch64; the system's package database
# is not touched.
set -euo pipefail
# shellcheck source=jobs/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../jobs/lib.sh"
cd "$ROOT"

for program in aarch64-linux-gnu-g++ qemu-aarch64 apt-get dpkg; do
  command -v "$program" >/dev/null ||
    die "no $program: apt-get install g++-aarch64-linux-gnu qemu-user (Debian or Ubuntu)"
done

target=${QHN_AARCH64:-${XDG_CACHE_HOME:-$HOME/.cache}/qhn-aarch64}
packages=$target/packages
export QHN_SYSROOT=$target/root
if [ ! -e "$QHN_SYSROOT/complete" ]; then
  say "The aarch64 packages"
  mkdir -p "$packages"/{lists/partial,archives/partial}
  : >"$packages/status"
  apt=(apt-get -q -o Dir::State="$packages" -o Dir::State::status="$packages/status"
    -o Dir::Cache="$packages" -o APT::Architecture=arm64 -o APT::Architectures=arm64
    -o Debug::NoLocking=1 -o APT::Sandbox::User="$(id -un)")
  "${apt[@]}" update >/dev/null
  read -ra wanted <<<"$(awk '($1 == "build" || $1 == "test") && $3 ~ /-dev$/ { printf "%s ", $3 }' \
    jobs/dependencies.txt)"
  "${apt[@]}" install -y --no-install-recommends --download-only \
    "${wanted[@]}" libstdc++-12-dev libgmock-dev >/dev/null
  rm -rf "$QHN_SYSROOT"
  mkdir -p "$QHN_SYSROOT"/usr/{lib,bin,sbin}
  ln -s usr/lib usr/bin usr/sbin "$QHN_SYSROOT"
  for archive in "$packages"/archives/*.deb; do dpkg-deb -x "$archive" "$QHN_SYSROOT"; done
  # Absolute links would lead out of the folder.
  find "$QHN_SYSROOT" -type l -lname '/*' | while read -r link; do
    ln -sfn "$(realpath -m --relative-to="$(dirname "$link")" "$QHN_SYSROOT$(readlink "$link")")" "$link"
  done
  touch "$QHN_SYSROOT/complete"
fi

say "Build"
cmake -S . -B build/aarch64/tree -G Ninja -DCMAKE_TOOLCHAIN_FILE=cmake/aarch64.cmake \
  -DCMAKE_BUILD_TYPE=Release -DQHN_BENCH=OFF -DQHN_TESTS=ON
tests=(test_random test_simd test_wht test_statistics test_record test_data test_network
  test_enumeration test_mnist test_circuit test_state test_gradient test_optim
  test_lbfgs_allocation test_toml_reader test_angles test_journal test_campaign_file test_predict
  test_baseline)
cmake --build build/aarch64/tree --target "${tests[@]}"

say "Tests under qemu"
jobs/fetch-data.sh mnist
export QEMU_LD_PREFIX=$QHN_SYSROOT
failed=0
for test in "${tests[@]}"; do
  printf '%s: ' "$test"
  if qemu-aarch64 "build/aarch64/tree/bin/$test" >"build/aarch64/$test.log" 2>&1; then
    tail -n 1 "build/aarch64/$test.log"
  else
    failed=$((failed + 1))
    echo "FAILED"
    grep -E 'FAILED|Failure' "build/aarch64/$test.log" || tail -n 5 "build/aarch64/$test.log"
  fi
done
echo "$((${#tests[@]} - failed)) passed, $failed failed"
[ "$failed" = 0 ]
