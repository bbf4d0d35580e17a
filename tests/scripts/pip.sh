# pip installs analysis/ without the internet and without C++.
# shellcheck source=tests/scripts/check.sh
. "$(dirname "$0")/check.sh"
. jobs/lib.sh
python=$(pick_python)
"$python" -c 'import wheel, setuptools, pip' 2>/dev/null || skip "$python lacks pip, setuptools or wheel"
cp -r analysis "$scratch/analysis" # pip builds inside the folder
expect 0 "$python" -m pip install --quiet --no-deps --no-index --no-build-isolation \
  --target "$scratch/target" "$scratch/analysis"
cd /
expect 0 env PYTHONPATH="$scratch/target" "$python" -c 'import qhn_results; print(qhn_results.__file__)'
[ "$output" = "$scratch/target/qhn_results/__init__.py" ] || fail "imported $output"
"$python" -c 'import matplotlib' 2>/dev/null || skip "$python lacks matplotlib, which qhn-plot needs"
expect 0 env PYTHONPATH="$scratch/target" "$python" "$scratch/target/bin/qhn-plot" --help
says 'success probability'
"$python" -c 'import jinja2' 2>/dev/null || skip "$python lacks jinja2, which qhn-report needs"
expect 0 env PYTHONPATH="$scratch/target" "$python" "$scratch/target/bin/qhn-report" --help
says 'one HTML file'
for file in template.html style.css page.js; do
  [ -s "$scratch/target/qhn_report/$file" ] || fail "$file is not installed"
done
