# Functions shared by the scripts of this project. To be sourced.
# shellcheck shell=bash

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
DEPENDENCIES=${QHN_DEPENDENCIES:-$ROOT/jobs/dependencies.txt}

say() { printf '\n== %s\n' "$*"; }
die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# Prints a python with the plotting packages: the first one on PATH often lacks the distribution's.
pick_python() {
  local candidate
  for candidate in ${QHN_PYTHON:+"$QHN_PYTHON"} python3 /usr/bin/python3; do
    if "$candidate" -c 'import h5py, jinja2, matplotlib, numpy, scipy' >/dev/null 2>&1; then
      echo "$candidate"
      return
    fi
  done
  # None has all: print the one for which the distribution's packages are installed.
  if [ -x /usr/bin/python3 ]; then echo /usr/bin/python3; else echo python3; fi
}

# is_present 'cmd:ninja|cmd:make': true if one of the alternatives is installed.
is_present() {
  local alternatives one program
  IFS='|' read -ra alternatives <<<"$1"
  for one in "${alternatives[@]}"; do
    case $one in
      cmd:*) PATH=$PATH:/usr/sbin command -v "${one#cmd:}" >/dev/null && return ;; # daemons live there
      header:*)
        printf '#if !__has_include(<%s>)\n#error missing\n#endif\n' "${one#header:}" |
          "${CXX:-c++}" -std=c++20 ${CONDA_PREFIX:+-I "$CONDA_PREFIX/include"} -x c++ -E - \
            >/dev/null 2>&1 && return
        ;;
      pc:*) pkg-config --exists "${one#pc:}" 2>/dev/null && return ;;
      fuzzer:*)
        program=$(mktemp)
        if echo 'extern "C" int LLVMFuzzerTestOneInput(const char*, unsigned long) { return 0; }' |
          "${one#fuzzer:}" -fopenmp -fsanitize=fuzzer,address -x c++ - -o "$program" 2>/dev/null; then
          rm "$program" && return
        fi
        rm -f "$program"
        ;;
      py:*) "$PYTHON" -c "import ${one#py:}" >/dev/null 2>&1 && return ;;
      *) die "$DEPENDENCIES: unknown check '$one'" ;;
    esac
  done
  return 1
}

# missing GROUP…: prints a line 'debian spack conda' for each missing package of these groups.
missing() {
  [ -r "$DEPENDENCIES" ] || die "cannot read $DEPENDENCIES"
  local group present debian spack conda PYTHON
  PYTHON=$(pick_python)
  while read -r group present debian spack conda; do
    case " $* " in *" $group "*) ;; *) continue ;; esac
    is_present "$present" || echo "$debian $spack $conda"
  done < <(grep -v '^ *\(#\|$\)' "$DEPENDENCIES") | awk '!seen[$0]++'
}

# column K: prints the K-th words of the lines on standard input, once each, on one line.
column() { awk -v k="$1" '$k != "-" && !seen[$k]++ { printf "%s%s", sep, $k; sep = " " }'; }

# refuse LINES REASON: ends with a list of the missing packages for each package manager.
refuse() {
  {
    echo "error: these packages are missing, and this script cannot install them here ($2):"
    printf '  %-22s %-16s %s\n' Debian/Ubuntu Spack conda-forge
    # shellcheck disable=SC2086  # the three columns are separate words
    while read -r line; do printf '  %-22s %-16s %s\n' $line; done <<<"$1"
    echo "Any of these commands installs them ('-' above: not packaged there; put its headers on CPATH):"
    echo "  apt-get install --no-install-recommends $(column 1 <<<"$1")"
    echo "  spack install $(column 2 <<<"$1")"
    echo "  conda install -c conda-forge $(column 3 <<<"$1")"
  } >&2
  exit 1
}

# need GROUP…: installs missing packages of these groups, or ends with the reason why it cannot.
# QHN_NO_INSTALL=1: only checks.
need() {
  local lines sudo=() packages
  lines=$(missing "$@")
  if [ -z "$lines" ]; then
    echo "Nothing to install: all required packages are present."
    return
  fi
  [ "${QHN_NO_INSTALL:-0}" = 0 ] || refuse "$lines" "--no-install"
  command -v apt-get >/dev/null || refuse "$lines" "no apt-get"
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || refuse "$lines" "neither root nor sudo"
    sudo=(sudo)
  fi
  packages=$(column 1 <<<"$lines")
  say "Installing with apt-get: $packages"
  "${sudo[@]}" apt-get update -qq
  # Some packages contain services (munge, slurmd). Debian starts none while this script returns 101.
  local policy=${QHN_POLICY:-/usr/sbin/policy-rc.d} status=0
  if [ -e "$policy" ]; then policy=; fi
  if [ -n "$policy" ]; then
    # shellcheck disable=SC2016  # $1 is for the inner shell
    "${sudo[@]}" sh -c 'printf "#!/bin/sh\nexit 101\n" >"$1" && chmod +x "$1"' sh "$policy"
  fi
  # shellcheck disable=SC2086  # package names are separate words
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq -o Dpkg::Use-Pty=0 --no-install-recommends $packages </dev/null || status=$?
  if [ -n "$policy" ]; then "${sudo[@]}" rm -f "$policy"; fi
  [ "$status" = 0 ] || die "apt-get install failed"
  lines=$(missing "$@")
  [ -z "$lines" ] || refuse "$lines" "still missing after apt-get install"
}

# build PRESET TREE [CMAKE ARGUMENT…] [-- TARGET…]: configures and builds, with ninja and ccache if
# installed. An existing tree keeps its generator.
build() {
  local preset=$1 tree=$2 arguments=()
  shift 2
  while [ $# -gt 0 ] && [ "$1" != -- ]; do
    arguments+=("$1")
    shift
  done
  [ $# = 0 ] || shift
  if [ ! -f "$tree/CMakeCache.txt" ]; then
    if command -v ninja >/dev/null; then arguments+=(-G Ninja); fi
    if command -v ccache >/dev/null; then arguments+=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi
  fi
  (cd "$ROOT" && cmake --preset "$preset" -B "$tree" "${arguments[@]}") || die "cmake failed in $tree"
  cmake --build "$tree" --parallel "$(cores)" ${1:+--target "$@"} || die "the build failed in $tree"
}

# Prints the path of the program: QHN_PROGRAM, or the one that is built here.
find_qhn() {
  local qhn=${QHN_PROGRAM:-$ROOT/build/release/bin/qhn}
  if ! qhn=$(command -v -- "$qhn") || [ ! -f "$qhn" ]; then
    [ -z "${QHN_PROGRAM:-}" ] || die "QHN_PROGRAM=$QHN_PROGRAM (environment): no such program; correct it, or unset it"
    die "$ROOT/build/release/bin/qhn is missing; build it: cmake --preset release && cmake --build build/release"
  fi
  realpath -s -- "$qhn"
}

# train_here QHN FOLDER EXPERIMENT OPTION…: trains on all cores into FOLDER.
train_here() {
  local qhn=$1 folder=$2
  shift 2
  mpi_environment
  # The exit code of mpirun after a signal is its own: ask for the state of the campaign.
  mpirun -n "$(cores)" "$qhn" train "$@" --out "$folder" || echo "mpirun ended with $?" >&2
  "$qhn" status --quiet "$folder" || die "$folder is not finished; the same command resumes it"
}

# Prints the number of cores to use: all that this process may use, at most two on a login node.
cores() {
  local n
  n=$(env -u OMP_NUM_THREADS -u OMP_THREAD_LIMIT nproc) # nproc would obey these
  if on_login_node && [ "$n" -gt 2 ]; then n=2; fi
  echo "$n"
}

# True if Slurm is installed and responds, but this process is not part of a job.
on_login_node() {
  [ -z "${SLURM_JOB_ID:-}" ] && command -v salloc >/dev/null &&
    timeout 5 sinfo --noheader >/dev/null 2>&1
}

# Settings for mpirun of any MPI: one thread per rank, one rank per core, no binding. Open MPI needs
# a confirmation to run as root, and inside many containers ranks cannot read each other's memory.
mpi_environment() {
  export OMP_NUM_THREADS=1
  export OMPI_MCA_hwloc_base_binding_policy=none PRTE_MCA_hwloc_default_binding_policy=none
  export OMPI_MCA_rmaps_base_oversubscribe=1 PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe
  export OMPI_MCA_btl_vader_single_copy_mechanism=none
  if [ "$(id -u)" = 0 ]; then
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
  fi
}
