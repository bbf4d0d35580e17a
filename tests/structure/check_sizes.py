"""Files, classes and functions of at most a size that can be read in one go.

A longer class or function needs a sentence in the comment directly above it that begins with "Long because".
A lambda counts as part of the function that it stands in. Relies on clang-format: a body's "{" ends its line, and
its "}" begins a line with the indentation of the declaration.

Usage: check_sizes.py SRC. Plants violations of each kind first and sees that they are found."""
import pathlib
import re
import sys
import tempfile

LIMITS = {"file": 500, "class": 250, "function": 80}  # lines; of a body, those between its braces
NOISE = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"'
                   r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'|^[ \t]*#(?:\\\n|[^\n])*", re.S | re.M)
EXCUSE = re.compile(r"(?:^|[.:!?] )Long because ")


def blank(match):
    """Stands for a comment, a literal or a line of the preprocessor."""
    return '""' + "\n" * match.group().count("\n")


def kind_of(head):
    """What the "{" at the end of a declaration opens, which stands in a namespace or a class."""
    head = re.sub(r"^\s*template\s*<.*?>\s*(?=class\b|struct\b|union\b)", "", head, flags=re.S).strip()
    if re.match(r'(inline )?namespace\b|extern ""', head):
        return "namespace"
    if re.match(r"(class|struct|union)\b", head):
        return "class"
    if re.match(r"enum\b", head) or re.search(r"[=(,]\s*$", head):
        return "data"
    return "function" if "(" in head else "data"


def is_excused(lines, code, line):
    """Whether the comment above the declaration that begins on `line` says why it is long."""
    while line > 0 and re.search(r'[^\s;{}:"]$', code[line - 1]):
        line -= 1  # template <...>, or a result type that has a line of its own
    comment = []
    while line > 0 and lines[line - 1].lstrip().startswith("//"):
        line -= 1
        comment.insert(0, lines[line].strip().lstrip("/<").strip())
    return EXCUSE.search(" ".join(comment)) is not None


def bodies(text):
    """Yields (kind, line of the declaration, name, lines between the braces, excused)."""
    lines, code = text.splitlines(), NOISE.sub(blank, text).splitlines()
    open_bodies = [("namespace", 0, 0)]  # kind, first line of the declaration, line of its "{"
    for at, line in enumerate(code):
        for place, brace in enumerate(line):
            if brace == "}":
                kind, first, opened = open_bodies.pop()
                if not open_bodies:
                    raise ValueError(f"line {at + 1}: no brace is open")
                if kind in ("class", "function"):
                    yield kind, first + 1, code[first].strip(), at - opened - 1, is_excused(lines, code, first)
            elif brace == "{":
                kind, first = "block", at
                if open_bodies[-1][0] in ("namespace", "class") and not line[place + 1:].replace('""', "").strip():
                    # The lines of one declaration after its first are indented by more.
                    depth = sum(outer in ("class", "function") for outer, _, _ in open_bodies)
                    while first > 0 and code[first].startswith("  " * depth + "  "):
                        first -= 1
                    kind = kind_of("\n".join(code[first:at] + [line[:place]]))
                open_bodies.append((kind, first, at))
    if len(open_bodies) > 1:
        raise ValueError(f"line {open_bodies[-1][2] + 1}: a brace is not closed")


def violations(src):
    found = []
    for path in sorted(pathlib.Path(src).rglob("*.[hc]pp")):
        text, name = path.read_text(), path.relative_to(src)
        count = len(text.splitlines())
        if count > LIMITS["file"]:
            found.append(f"{name}:1: file of {count} lines; allowed: {LIMITS['file']}")
        try:
            for kind, line, declaration, count, excused in bodies(text):
                if count > LIMITS[kind] and not excused:
                    found.append(f"{name}:{line}: {kind} of {count} lines; allowed: {LIMITS[kind]}: {declaration}")
        except ValueError as error:
            found.append(f"{name}: {error}")
    return found


def lines_of(count, line="  run();"):
    return "\n".join([line] * count)


def function(count, head="void f() {", inner="  run();"):
    return f"{head}\n{lines_of(count, inner)}\n}}\n"


def member(count):
    return f"  void f() {{\n{lines_of(count, '    run();')}\n  }}\n"


def in_class(body):
    return f"class Wide final : public Base {{\n public:\n{body}}};\n"


LAMBDA = f"  const auto g = [](int a) {{\n{lines_of(78, '    run();')}\n  }};\n"
RAW = 'const char* text = R"(\n}\n// {\n)";\n'
CLEAN = {
    "at the limits": function(80) + in_class(f"{lines_of(249, '  int a = 0;')}\n"),
    "many short": "".join(function(40) + "\n" for _ in range(11)),
    "a table": f"const int table[] = {{\n{lines_of(90, '    1,')}\n}};\n",
    "a namespace": f"namespace qhn {{\n{function(50)}{function(50)}}}\n",
    "excused": "// Sums. Long because the steps\n// share all variables.\n" + function(81),
    "an excused template": "/// Long because of its list.\ntemplate <class T>\n" + in_class(lines_of(260, "  int a;") + "\n"),
    "an excused member": in_class("  /// Long because it lists all.\n" + member(81)),
}
# What is planted, and how the message begins after the name of the file.
PLANTED = {
    "a file": (lines_of(501, "int a();"), "1: file of 501 lines; allowed: 500"),
    "a class": (in_class(lines_of(250, "  int a = 0;") + "\n"), "1: class of 251 lines; allowed: 250"),
    "a struct": ("template <class T>\nstruct S\n    : Base<T> {\n" + lines_of(251, "  int a;") + "\n};\n",
                 "2: class of 251 lines"),
    "a function": ("int a;\n" + function(81), "2: function of 81 lines; allowed: 80: void f() {"),
    "a long head": ("\n" + function(81, "Wide::Wide(int a,\n           int b)\n    : a_{a},\n      b_(b) {"),
                    "2: function of 81 lines"),
    "in a namespace": ("namespace qhn {\nnamespace {\n" + function(81) + "}\n}\n", "3: function of 81 lines"),
    "a member": (in_class(member(81)), "3: function of 81 lines"),
    "with a lambda": (function(1, inner=LAMBDA + "  run();"), "1: function of 81 lines"),
    "a lambda": (function(81, "constexpr auto f = [](int a) {"), "1: function of 81 lines"),
    "after a raw string": (RAW + function(81), "5: function of 81 lines"),
    "around a raw string": (function(77, inner="  run();").replace("{\n", "{\n" + RAW, 1), "1: function of 81 lines"),
    "after braces in literals": ("const char a = '{', b = \"{\"[0];  // {\n" + function(81), "2: function of 81"),
    "after a macro": ("#define F(x) \\\n  {\n" + function(81), "3: function of 81"),
    "excused elsewhere": ("// Long because it is.\n\n" + function(81), "3: function of 81"),
    "another excused": ("// Long because it is.\nint a;  // 1\n" + function(81), "3: function of 81"),
    "excused in passing": ("// It is not Long because of me.\n" + function(81), "2: function of 81"),
    "an open brace": ("void f() {\n", " line 1: a brace is not closed"),
    "a closed brace": ("}\n", " line 1: no brace is open"),
}


def plant():
    for name, text in CLEAN.items():
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "a.hpp").write_text(text)
            assert violations(folder) == [], f"{name}: {violations(folder)}"
    for name, (text, message) in PLANTED.items():
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "core").mkdir()
            pathlib.Path(folder, "core", "a.cpp").write_text(text)
            found = violations(folder)
            assert len(found) == 1 and found[0].startswith("core/a.cpp:" + message), f"{name}: {found}"
    print(f"{len(PLANTED)} violations seen")


plant()
found = violations(sys.argv[1])
print("\n".join(found))
sys.exit(1 if found else 0)
