# Every shell script parses and shellcheck has nothing to say.
# shellcheck source=tests/scripts/check.sh
. "$(dirname "$0")/check.sh"
scripts=(.ci/run)
while read -r file; do scripts+=("$file"); done < <(find jobs tests bench analysis -name '*.sh' -o -name '*.sbatch')
scripts+=(jobs/submit jobs/site.example)
[ ${#scripts[@]} -gt 5 ] || fail "found only ${scripts[*]}"
for script in "${scripts[@]}"; do bash -n "$script"; done
command -v shellcheck >/dev/null || skip "no shellcheck, only parsed"
shellcheck --external-sources --shell=bash "${scripts[@]}"
