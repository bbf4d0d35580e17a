"""Plants violations of the arrows between components and sees that the build would refuse each.

Usage: check_arrows.py CMAKE CheckArrows.cmake"""
import pathlib
import subprocess
import sys
import tempfile

ARROWS = "core:;circuit: core;engine: core circuit;comm: core circuit engine;cli: core engine comm"
CLEAN = {
    "core/types.hpp": "#pragma once\n#include <vector>\n",
    "circuit/circuit.hpp": '#include "core/types.hpp"\n',
    "engine/engine.cpp": '#include "circuit/circuit.hpp"\n#include "build_info.hpp"\n',
    "engine/engine.hpp": "",
    "comm/ranks.hpp": '#include <mpi.h>\n#include "engine/engine.hpp"\n',
    "cli/main.cpp": '#include "comm/ranks.hpp"\n',
}
# What is planted: files, the table, and what the message names.
PLANTED = {
    "upward": ({"core/a.cpp": '#include "circuit/circuit.hpp"\n'}, ARROWS, "core/a.cpp"),
    "sideways": ({"cli/a.hpp": '  #  include "circuit/circuit.hpp"\n'}, ARROWS, "cli/a.hpp"),
    "MPI below comm": ({"engine/a.hpp": "#include <mpi.h>\n"}, ARROWS, "engine/a.hpp"),
    "MPI through another's header": (
        {"perf/a.hpp": '#include "comm/ranks.hpp"\n'}, ARROWS + ";perf: core comm", "perf"),
    "upward in the table": ({}, ARROWS.replace("core:", "core: engine"), "core uses engine"),
    "not in the table": ({"cellar/a.hpp": ""}, ARROWS, "cellar/a.hpp"),
    "without a folder": ({"core/a.cpp": '#include "types.hpp"\n'}, ARROWS, "core/a.cpp"),
    "missing": ({"core/a.cpp": '#include "core/none.hpp"\n'}, ARROWS, "core/none.hpp"),
}


def check(files, arrows):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            path = pathlib.Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        command = [sys.argv[1], f"-DSRC={folder}", f"-DARROWS={arrows}", "-P", sys.argv[2]]
        return subprocess.run(command, capture_output=True, text=True)


clean = check(CLEAN, ARROWS)
assert clean.returncode == 0, clean.stderr
for name, (files, arrows, named) in PLANTED.items():
    result = check({**CLEAN, **files}, arrows)
    assert result.returncode != 0, f"{name}: not seen"
    assert named in result.stderr, f"{name}: {result.stderr}"
print(f"{len(PLANTED)} violations seen")
