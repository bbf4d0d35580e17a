"""Two types of one name in namespace qhn would be one to the linker, and the program undefined.

Usage: check_twins.py SRC, or check_twins.py --self-test"""
import collections
import pathlib
import re
import sys
import tempfile

NOISE = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.S)
TOKEN = re.compile(
    r"namespace\s+([\w:]*)\s*\{|\b(?:class|struct|enum\s+class|enum)\s+(?:alignas\([^)]*\)\s*)?(\w+)(?!\w|::)"
    r"(?:\s+final)?\s*(?::[^;{(]*)?\{|([{}])")


def types_of(text):
    """Names of the types that are defined directly in namespace qhn."""
    text = re.sub(r"^\s*#.*$", "", NOISE.sub(' ', text), flags=re.M)
    found, stack = [], []
    for match in TOKEN.finditer(text):
        namespace, name, brace = match.groups()
        if brace == "}":
            if stack:
                stack.pop()
        elif brace == "{":
            stack.append("{")
        elif namespace is not None:
            stack.append("namespace " + (namespace or "(none)"))
        else:
            if stack == ["namespace qhn"]:
                found.append(name)
            stack.append("{")
    return found


def twins(src):
    places = collections.defaultdict(set)
    for path in sorted(pathlib.Path(src).rglob("*.[hc]pp")):
        for name in types_of(path.read_text()):
            places[name].add(str(path))
    return {name: where for name, where in places.items() if len(where) > 1}


def self_test():
    with tempfile.TemporaryDirectory() as folder:
        def write(name, text):
            pathlib.Path(folder, name).write_text(text)
        write("a.hpp", "namespace qhn {\nstruct Task { int a = '{'; };\nclass Other;\n}\n")
        write("b.cpp", "namespace qhn {\nnamespace {\nstruct Task {};\n}\nstruct Other {};\n"
                       "struct Outer { struct Task { }; };\n// struct Task {\n}\n")
        assert twins(folder) == {}, twins(folder)
        write("c.cpp", "namespace qhn {\nint f() { return 0; }\nclass Task final : public Base {\n};\n}\n")
        assert list(twins(folder)) == ["Task"], twins(folder)


if sys.argv[1] == "--self-test":
    self_test()
else:
    found = twins(sys.argv[1])
    for name, where in found.items():
        print(f"qhn::{name} is defined in {', '.join(sorted(where))}")
    sys.exit(1 if found else 0)
