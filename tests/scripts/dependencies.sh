# What jobs/lib.sh says and does about missing packages, without installing any.
# shellcheck source=tests/scripts/check.sh
. "$(dirname "$0")/check.sh"

cat >"$scratch/list" <<'TEXT'
# a comment
build  cmd:bash                satisfied  satisfied satisfied
build  cmd:nosuch1|cmd:bash    other other other
build  cmd:qhn-test-program    prog-dev   prog    prog
build  header:qhn/nosuch.hpp   head-dev   head    -
test   cmd:qhn-test-program    prog-dev   prog    prog
bench  cmd:qhn-bench-program   bench-dev  bench   bench
TEXT
export QHN_DEPENDENCIES=$scratch/list
need() { PATH="$scratch/bin:$PATH" bash -c 'set -euo pipefail; . jobs/lib.sh; need "$@"' need "$@"; }

# Without apt: one message with all three names, only of what is missing and asked for.
refused() {
  says "Debian"
  says "apt-get install --no-install-recommends prog-dev head-dev"$'\n'
  says "spack install prog head"$'\n'
  says "conda install -c conda-forge prog"$'\n'
  says_not satisfied
  says_not other
  says_not bench
}
export QHN_NO_INSTALL=1
expect 1 need build test
output+=$'\n'
refused
expect 0 need nothing
says "Nothing to install"
unset QHN_NO_INSTALL

# With apt: says what it installs, installs that and nothing else, and the second time nothing.
# The program appears when the fake apt-get "installs" it, the header when the list no longer asks.
sed -i '/header:/d' "$scratch/list"
export QHN_POLICY=$scratch/policy-rc.d
fake id 'echo 0'
fake apt-get "case \$1 in install) sh $scratch/policy-rc.d; echo \"services: \$?\" >>$scratch/services ;; esac
echo \"\$@\" >>$scratch/apt.log
case \$* in *prog-dev*) printf '#!/bin/sh\n' >$scratch/bin/qhn-test-program; chmod +x $scratch/bin/qhn-test-program ;; esac"
expect 0 need build test
says "Installing with apt-get: prog-dev"
[ "$(cat "$scratch/apt.log")" = "update -qq
install -y -qq -o Dpkg::Use-Pty=0 --no-install-recommends prog-dev" ] || fail "apt-get was called with: $(cat "$scratch/apt.log")"
[ "$(cat "$scratch/services")" = "services: 101" ] || fail "packages could start services"
[ ! -e "$QHN_POLICY" ] || fail "the ban on services is still there"
expect 0 need build test
says "Nothing to install"
[ "$(wc -l <"$scratch/apt.log")" = 2 ] || fail "the second run installed something"

# An installation that does not bring the program is a failure, not a surprise during the build.
expect 1 need bench
says "still missing after apt-get install"

# Neither root nor sudo.
fake id 'echo 1000'
mkdir "$scratch/nosudo"
for program in bash dirname grep awk cat c++ pkg-config; do
  ln -s "$(command -v "$program")" "$scratch/nosudo/$program"
done
ln -s "$scratch/bin/id" "$scratch/bin/apt-get" "$scratch/nosudo"
expect 1 env PATH="$scratch/nosudo" bash -c 'set -euo pipefail; . jobs/lib.sh; need bench'
says "neither root nor sudo"

# Every line of the real list has its five columns and a kind of check that exists.
unset QHN_DEPENDENCIES
bad=$(grep -v '^ *\(#\|$\)' jobs/dependencies.txt |
  awk 'NF != 5 || $1 !~ /^(build|test|bench|plot|data|more|fuzz)$/ || $2 !~ /^(cmd|header|pc|py|fuzzer):/')
[ -z "$bad" ] || fail "jobs/dependencies.txt: $bad"
