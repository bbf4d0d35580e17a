#!/usr/bin/env python3
"""Runs the commands of the documents, as they stand there.

  check_commands.py --build build/release [PAGE.md …]    default: all pages
  check_commands.py --self-test

Every fenced block of a page names what it is:
  ```sh run …    is run, from the project's folder after a release build. restarts=N and qubits=N
                 replace the numbers behind --restarts and --qubits; set="KEY=VALUE" adds --set to
                 every `qhn train` and `qhn baseline` without --restarts. So long ones become short.
  ```sh site why="…"    is not run, because it needs a cluster, the network, root or minutes
  ```text, ```toml, ```python, ```cpp    is no command
A page starts with an empty results/ and ends where a block fails."""
import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^\s*```(.*)$")
ATTRIBUTE = re.compile(r'(\w+)=("[^"]*"|\S+)')
LOOKS_LIKE_A_COMMAND = re.compile(
    r"^    (?:\$ )?(?:[A-Z_]+=\S+ )*(?:build/|jobs/|bench/|tests/|analysis/\w+\.py|analysis/qhn-plot |cmake |ctest |ninja |"
    r"mpirun |srun |sbatch |qhn |pip )")
OTHER = {"text", "toml", "python", "cpp", "json"}
SECONDS = 120


def blocks(text):
    """(line, info string, lines) of every fenced block; problems as (line, what)."""
    found, problems, inside = [], [], None
    for number, line in enumerate(text.splitlines(), 1):
        fence = FENCE.match(line)
        if fence and inside is None:
            inside = (number, fence[1].strip(), [])
        elif fence:
            found.append(inside)
            inside = None
        elif inside:
            inside[2].append(line)
        elif LOOKS_LIKE_A_COMMAND.match(line):
            problems.append((number, "a command outside a fenced block"))
    for number, info, _ in found:
        words = info.split()
        if words[:1] == ["sh"]:
            if words[1:2] not in (["run"], ["site"]):
                problems.append((number, f"```{info}: allowed: sh run, sh site"))
            elif words[1] == "site" and "why" not in dict(ATTRIBUTE.findall(info)):
                problems.append((number, f'```{info}: allowed: sh site why="…"'))
        elif not words or words[0] not in OTHER:
            problems.append((number, f"```{info}: allowed: sh run, sh site, {', '.join(sorted(OTHER))}"))
    return found, problems


def smaller(lines, info):
    """The commands of a block, made smaller as its info string says."""
    wanted = {key: value.strip('"') for key, value in ATTRIBUTE.findall(info)}
    text = "\n".join(lines).replace("\\\n", " ")
    for option in ("restarts", "qubits"):
        if option in wanted:
            text = re.sub(rf"--{option} \d+", f"--{option} {wanted[option]}", text)
    if "set" in wanted:
        text = "\n".join(
            f"{line} --set {wanted['set']}"
            if re.search(r"\bqhn (train|baseline) ", line) and "--restarts" not in line else line
            for line in text.split("\n"))
    return text


def run_page(page, build):
    text = page.read_text()
    found, problems = blocks(text)
    name = page.relative_to(ROOT) if page.is_relative_to(ROOT) else page.name
    failures = [f"{name}:{number}: {what}" for number, what in problems]
    with tempfile.TemporaryDirectory() as folder:
        scratch = pathlib.Path(folder)
        for entry in ROOT.iterdir():
            if entry.name not in ("build", "results", ".git"):
                (scratch / entry.name).symlink_to(entry)
        (scratch / "build").mkdir()
        (scratch / "build/release").symlink_to(pathlib.Path(build).resolve())
        (scratch / "bin").mkdir()  # where `env python3` finds one that has the packages
        (scratch / "bin/python3").symlink_to(sys.executable)
        ran = 0
        for number, info, lines in found:
            if info.split()[:2] != ["sh", "run"]:
                continue
            ran += 1
            commands = smaller(lines, info)
            script = f". {ROOT}/jobs/lib.sh; mpi_environment; PATH={scratch}/bin:$PATH; cd {scratch}; set -x\n{commands}\n"
            try:
                result = subprocess.run(["bash", "-euo", "pipefail", "-c", script], text=True,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, timeout=SECONDS, cwd=scratch)
                code, output = result.returncode, result.stdout
            except subprocess.TimeoutExpired as error:
                code, output = "none", f"{error.stdout}\nlonger than {SECONDS} s"
            if code != 0:
                failures.append(f"{name}:{number}: exit code {code}\n{output}")
                break
    print(f"{name}: {ran} blocks run, {len(found) - ran} not")
    return failures


def self_test():
    good = "```sh run restarts=3 set=\"a.b=1\"\nqhn train e --restarts 100\nqhn baseline e\n```\n"
    found, problems = blocks(good)
    assert not problems
    assert smaller(found[0][2], found[0][1]) == "qhn train e --restarts 3\nqhn baseline e --set a.b=1"
    assert smaller(["qhn \\", " train --qubits 20"], "sh run qubits=4") == "qhn   train --qubits 4"
    for bad in ("    analysis/qhn-plot success x\n", "```sh\nls\n```\n", "```\nls\n```\n", "```sh site\nls\n```\n", "    jobs/quickstart.sh\n",
                "    OMP_NUM_THREADS=1 mpirun -n 2 x\n"):
        assert blocks(bad)[1], bad
    for text, failed in (("```sh run\ntrue\n```\n", False), ("```sh run\nfalse\n```\n", True),
                         ("```sh run\nls results\n```\n", True)):
        with tempfile.TemporaryDirectory() as folder:
            page = pathlib.Path(folder, "page.md")
            page.write_text(text)
            assert bool(run_page(page, ROOT)) == failed, text
    print("ok")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--build", help="the build tree")
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("pages", nargs="*", type=pathlib.Path)
    options = parser.parse_args()
    if options.self_test:
        return self_test()
    pages = options.pages or [
        ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")),
        *sorted(ROOT / folder / "README.md" for folder in ("analysis", "bench", "jobs")),
        ROOT / "bench/RESULTS.md"]
    failures = [failure for page in pages for failure in run_page(page.resolve(), options.build)]
    print("\n".join(failures), file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    sys.exit(main())
