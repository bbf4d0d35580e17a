"""Checks that the rooms of src/ include each other only along the arrows, and <mpi.h> only where MPI
may be used. Usage: check_rooms.py SRC, or check_rooms.py --self-test."""
import pathlib
import re
import sys
import tempfile

# Who may include whom, its own files and core apart.
ROOMS = {
    "core": [],
    "record": [],
    "problem": [],
    "circuit": [],
    "state": ["circuit"],
    "gradient": ["state", "circuit"],
    "predict": ["state", "gradient", "circuit", "dist"],
    "optim": [],
    "meter": ["record"],
    "baseline": ["problem", "optim", "record"],
    "io": ["record"],
    "dist": ["state", "gradient", "circuit"],
    "farm": ["record", "problem", "circuit", "state", "gradient", "optim", "meter", "baseline", "dist"],
}
ROOMS["app"] = [room for room in ROOMS]
MPI_ROOMS = {"dist", "farm", "app"}
GENERATED = {"io": {"build_info.hpp", "git_version.hpp"}}

INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')


def violations(src):
    src = pathlib.Path(src)
    found = []
    for room in sorted(path for path in src.iterdir() if path.is_dir()):
        if room.name not in ROOMS:
            found.append(f"{room}: not a room of the table in tests/structure/check_rooms.py")
            continue
        allowed = {room.name, "core", *ROOMS[room.name]}
        build = room / "CMakeLists.txt"
        declared = declared_rooms(build.read_text()) | {room.name} if build.exists() else allowed
        if room.name not in MPI_ROOMS and build.exists() and "MPI::" in build.read_text():
            found.append(f"{build}: links MPI; allowed in {', '.join(sorted(MPI_ROOMS))}")
        for extra in sorted(declared - allowed):
            found.append(f"{build}: ROOMS names {extra}; allowed: {', '.join(sorted(allowed))}")
        for file in sorted(room.rglob("*.[hc]pp")):
            for number, line in enumerate(file.read_text().splitlines(), 1):
                match = INCLUDE.match(line)
                if not match:
                    continue
                quote, name = match.groups()
                where = f"{file}:{number}: includes {name}"
                if name == "mpi.h" and room.name not in MPI_ROOMS:
                    found.append(f"{where}; allowed in {', '.join(sorted(MPI_ROOMS))}")
                if quote == "<" or name in GENERATED.get(room.name, ()):
                    continue
                target = name.split("/")[0]
                if target not in allowed:
                    found.append(f"{where}; {room.name} may include {', '.join(sorted(allowed))}")
                elif not (src / name).exists():
                    found.append(f"{where}; no such file under src")
    return found


def declared_rooms(text):
    match = re.search(r"\bROOMS\s+([a-z\s]+)", text)
    return set(match.group(1).split()) if match else set()


def self_test():
    """Each forbidden thing is seen, and a clean tree is clean."""

    def tree(files):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in files.items():
                path = pathlib.Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            return violations(folder)

    core = {"core/types.hpp": "#pragma once\n"}
    record = {"record/record.hpp": '#include "core/types.hpp"\n#include <vector>\n'}
    io = {"io/file.cpp": '#include "record/record.hpp"\n#include "build_info.hpp"\n'}
    farm = {"farm/farm.hpp": "#include <mpi.h>\n"}
    assert tree({**core, **record, **io, **farm}) == []
    bad = {
        "upward": {**core, **record, "core/a.cpp": '#include "record/record.hpp"\n'},
        "sideways": {**io, **record, **core, "farm/a.hpp": '#include "io/file.cpp"\n'},
        "mpi": {"io/a.cpp": "  #  include <mpi.h>\n"},
        "mpi link": {"io/CMakeLists.txt": "qhn_room(io ROOMS core LIBS MPI::MPI_CXX)\n"},
        "declared": {"core/CMakeLists.txt": "qhn_room(core SOURCES a.cpp ROOMS record)\n"},
        "unknown room": {"cellar/a.hpp": ""},
        "bare name": {**core, "core/a.cpp": '#include "types.hpp"\n'},
        "missing": {"core/a.cpp": '#include "core/none.hpp"\n'},
    }
    for name, files in bad.items():
        assert len(tree(files)) == 1, (name, tree(files))


if __name__ == "__main__":
    if sys.argv[1] == "--self-test":
        self_test()
    else:
        problems = violations(sys.argv[1])
        print("\n".join(problems) or "the rooms keep their arrows")
        sys.exit(1 if problems else 0)
