#!/usr/bin/env bash
# Tries the mutants beside this script: small faults of the kinds that developers make, each a patch
# of the sources. A mutant is killed where the tests that its patch names fail.
#
#   run.sh [NAME…]     all, or those whose names contain one of the words: a table of what became of
#                      each, exit 1 unless all were killed or are equivalent
#   run.sh --list      what each of them breaks
#   run.sh --check     only whether all patches are well formed and apply (a test of ctest)
#
# Works in a git worktree of HEAD with a build tree of its own, both under build/mutants; what is not
# committed is not tried. QHN_MUTANTS: another folder; QHN_JOBS: compilers at once (1).
#
# A patch begins with lines
#   # what is wrong; which test sees it
#   # targets: test_a test_b       programs to build and to run as ctest does (every rank count)
#   # filter: Suite.*:Other.Test   (optional) only these of their tests
#   # ctest: REGEX                 (optional) only these runs, where a target has several
#   # equivalent: why              (optional) nothing can tell it from the program
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
scratch=${QHN_MUTANTS:-$root/build/mutants}
tree=$scratch/tree
build=$tree/build/release

field() { sed -n "s/^# $2: *//p" "$1" | head -n 1; }

chosen() {  # patches whose names contain one of the words
  local patch word
  for patch in "$here"/*.patch; do
    [ $# -eq 0 ] && echo "$patch"
    for word in "$@"; do
      [[ ${patch##*/} == *"$word"* ]] && echo "$patch" && break
    done
  done
}

check() {
  local bad=0 count=0 equivalent=0 patch name number target lines tests
  local -A numbers=()
  complain() { echo "$name: $1"; bad=1; }
  tests=$(cat "$root"/tests/*/CMakeLists.txt)
  cd "$root" || exit 2
  export GIT_CEILING_DIRECTORIES=${root%/*}  # no repository around a tarball is meant
  for patch in "$here"/*.patch; do
    name=${patch##*/} number=${patch##*/} number=${number%%-*}
    count=$((count + 1))
    lines=$(<"$patch")
    [[ $name =~ ^[0-9]{3}-[a-z]+-[a-z0-9-]+\.patch$ ]] || complain "is not named NNN-component-what.patch"
    [ -z "${numbers[$number]:-}" ] || complain "has the number of ${numbers[$number]}"
    numbers[$number]=$name
    [[ ${lines%%$'\n'*} == "# "*"; "* ]] || complain "does not begin with '# what is wrong; which test sees it'"
    [[ $lines == *$'\n+++ b/src/'* && $lines != *$'\n+++ b/'*$'\n+++ b/'* ]] ||
      complain "does not change one file of src/"
    if [[ $lines =~ $'\n# targets: '([^$'\n']+) ]]; then
      for target in ${BASH_REMATCH[1]}; do
        [[ $tests =~ (^|[^a-z_])"$target"([^a-z_]|$) ]] || complain "there is no test $target"
      done
    else
      complain "names no targets"
    fi
    [[ $lines == *$'\n# equivalent: '* ]] && equivalent=$((equivalent + 1))
    git apply --check "$patch" || complain "does not apply"
  done
  [ "$count" -ge 100 ] || { echo "only $count mutants, at least 100 are wanted"; bad=1; }
  [ $((20 * equivalent)) -le "$count" ] || { echo "$equivalent of $count are equivalent: too many"; bad=1; }
  [ "$bad" = 0 ] && echo "$count mutants apply, $equivalent of them equivalent"
  return $bad
}

prepare() {
  if [ -e "$tree/.git" ]; then
    git -C "$tree" reset -q --hard && git -C "$tree" checkout -q --detach "$(git -C "$root" rev-parse HEAD)"
  else
    git -C "$root" worktree prune
    git -C "$root" worktree add -q --detach "$tree" HEAD
  fi || exit 2
  local launcher=()
  command -v ccache >/dev/null && launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
  [ -e "$build/build.ninja" ] ||
    cmake -S "$tree" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DQHN_TESTS=ON -DQHN_BENCH=OFF \
      "${launcher[@]}" >"$scratch/configure.log" 2>&1 || { cat "$scratch/configure.log"; exit 2; }
}

compile() {
  local list
  read -ra list <<<"$targets"
  ninja -C "$build" -j "${QHN_JOBS:-1}" "${list[@]}" >"$log" 2>&1
}

run_tests() {
  local which=${ctest:-"^($(tr ' ' '|' <<<"$targets"))([.].*)?\$"}
  (cd "$build" && OMP_NUM_THREADS=${OMP_NUM_THREADS:-1} GTEST_FILTER=${filter:-*} \
    ctest -R "$which" --timeout "${QHN_TIMEOUT:-120}" --no-tests=error --stop-on-failure \
    --output-on-failure) >"$log" 2>&1
}

# Sets `result` to what became of the mutant.
try() {
  local patch=$1 name before started=$SECONDS
  name=${patch##*/} name=${name%.patch}
  targets=$(field "$patch" targets) filter=$(field "$patch" filter) ctest=$(field "$patch" ctest)
  log=$scratch/$name.log
  before="$targets|$filter|$ctest"
  if [ -z "${green[$before]:-}" ]; then  # without a mutant all is well
    if compile && run_tests; then green[$before]=yes; else green[$before]=no; fi
  fi
  if [ "${green[$before]}" = no ]; then
    result="tests fail without it"
  elif ! git -C "$tree" apply "$patch" 2>"$log"; then
    result="does not apply"
  else
    if ! compile; then
      result="does not compile"
    elif run_tests; then
      result=survived
    else
      result=killed
    fi
    git -C "$tree" checkout -q -- . 2>/dev/null
  fi
  [ "$result" = survived ] && [ -n "$(field "$patch" equivalent)" ] && result=equivalent
  printf '%-46s %-22s %4s s\n' "$name" "$result" $((SECONDS - started))
}

case ${1:-} in
  --check) check; exit ;;
  --list)
    for patch in "$here"/*.patch; do
      printf '%-46s %s\n' "$(basename "$patch" .patch)" "$(head -n 1 "$patch" | cut -c3-)"
    done
    exit ;;
  -h | --help) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0"; exit ;;
esac

mapfile -t patches < <(chosen "$@")
[ ${#patches[@]} -gt 0 ] || { echo "no mutant is called like that"; exit 2; }
mkdir -p "$scratch"
exec 9>"$scratch/lock"
flock -n 9 || { echo "$scratch: another run works there"; exit 2; }
prepare
trap 'git -C "$tree" checkout -q -- . 2>/dev/null' EXIT
trap 'exit 130' INT TERM
declare -A green=() counts=()
bad=0
for patch in "${patches[@]}"; do
  try "$patch"
  counts[$result]=$((${counts[$result]:-0} + 1))
  [ "$result" = killed ] || [ "$result" = equivalent ] || bad=1
done
for result in "${!counts[@]}"; do echo "${counts[$result]} $result"; done | sort -rn
exit $bad
