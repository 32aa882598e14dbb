"""docs/semantics.md: every fact has its proof, every proof exists, every number that somebody cites has a row.

    python3 tests/check/semantics.py            what is wrong
    python3 tests/check/semantics.py --write    fills in which conformance cases prove each row

A row is a line of a table whose first column is "Fact". What the other columns are called says what kind it is:
with "Proved by" and "Status" it says what vpcwall does; with "Facts" and "For example" it is a misconception; any
other one only gives a number its meaning.
"""

import json
import re
import sys

import project

DOCUMENT = "docs/semantics.md"
GROUNDS = ("documented", "inferred", "choice")
PROVEN = ("does", "in part")  # the statuses that promise something about packets
STATUSES = (*PROVEN, "not built", "not imitated", "background")
# Facts are cited in these; the samples of the checks and the corpora of the fuzzers cite nothing.
CITING = (".h", ".cpp", ".py", ".json", ".yaml", ".md", ".1", ".5", ".7", ".8")
NOT_CITING = (DOCUMENT, "tests/check/", "tests/fuzz/corpus/")

FACT = re.compile(r"(?<![\w-])(?:NX|[SCNOEDFRMAIXU])-\d+\b(?!-)")
CASE = re.compile(r"T-\d+")
CASES = re.compile(r"(T-\d+)(?: to (T-\d+))?")
GTEST = re.compile(r"^\s*(?:TEST|TEST_F|TEST_P|TYPED_TEST|TYPED_TEST_P)\(\s*(\w+),\s*(\w+)\s*\)", re.MULTILINE)
PYTEST = re.compile(r"^\s*(?:async )?def (test_\w+)\(", re.MULTILINE)
SCENARIO = re.compile(r"^ *- id: ([\w.-]+)$", re.MULTILINE)
LABEL = re.compile(r"\[([\w.-]+)\](?![\[(:])")
DEFINITION = re.compile(r"^\[([\w.-]+)\]: ")


def number_of(name):
    return int(name.rsplit("-", 1)[1])


class Row:
    """One fact's line: its cells by the names of their columns."""

    def __init__(self, line, header, cells):
        self.line = line
        self.header = header
        self.cells = dict(zip(header, cells))
        self.fact = cells[0]
        self.says_what_is_done = "Status" in header and "Proved by" in header
        self.is_misconception = "Facts" in header and "For example" in header

    def proofs(self):
        """What the last column names, in order; "T-001 to T-003" is one of these."""
        text = self.cells.get("Proved by", "") or self.cells.get("For example", "")
        return [text] if text.startswith("not testable: ") else [part.strip() for part in text.split(", ") if part.strip()]


def cells_of(line):
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]]


def read_rows(lines):
    """The rows of the document, and what is wrong with the form of its tables."""
    rows, wrong, header = [], [], None
    for number, line in lines:
        if not line.startswith("|"):
            header = None
            continue
        cells = cells_of(line)
        if header is None:
            header = cells
        elif header[0] == "Fact" and not set(line) <= set("|-: "):
            if len(cells) != len(header):
                wrong.append((number, f"{len(cells)} cells under {len(header)} columns"))
            elif not FACT.fullmatch(cells[0]):
                wrong.append((number, f"'{cells[0]}' is no number of a fact"))
            else:
                rows.append(Row(number, header, cells))
    return rows, wrong


def cases_of_yaml(text):
    """[(case, facts)] of a scenario file, by its lines `id:` and `covers:` alone."""
    found, lines = [], text.splitlines()
    for index, line in enumerate(lines):
        if line.lstrip().startswith("#"):
            continue
        identity = re.search(r"""(?:^|[\s{,])id:\s*["']?(T-\d+)\b""", line)
        if identity:
            found.append((identity.group(1), []))
        covers = re.search(r"(?:^|[\s{,])covers:(.*)", line)
        if covers and found:
            rest = [covers.group(1), *lines[index + 1 :]]
            if rest[0].strip().startswith("["):  # [N-3, N-14], over as many lines as it takes
                listed = "\n".join(rest).split("]")[0]
            else:  # one "- N-3" a line
                listed = []
                for item in rest[1:]:
                    if not re.match(r"\s*- *[\"']?[A-Z]+-\d+", item):
                        break
                    listed.append(item)
                listed = "\n".join(listed)
            found[-1][1].extend(FACT.findall(listed))
    return found


def read_cases(root):
    """{case: the facts that it covers} of all conformance files."""
    cases = {}
    for path in project.files(root, "tests/conformance", suffixes=(".json", ".yaml")):
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".json":
            document = json.loads(text)
            listed = [(case["id"], case.get("covers", [])) for case in document.get("cases", [])]
        else:
            listed = cases_of_yaml(text)
        for case, facts in listed:
            cases.setdefault(case, set()).update(facts)
    return cases


def read_tests(root):
    """The names of all tests that a row may name: Suite.Test, file.py::test and, of our own scenarios, file.yaml::case."""
    names = set()
    for path in project.files(root, "tests", suffixes=(".cpp",)):
        names.update(f"{suite}.{test}" for suite, test in GTEST.findall(path.read_text(encoding="utf-8")))
    for path in project.files(root, "tests", suffixes=(".py",)):
        if path.name.startswith("test_") and path.parent.name != "check":
            names.update(f"{path.name}::{test}" for test in PYTEST.findall(path.read_text(encoding="utf-8")))
    for path in project.files(root, "tests/scenarios", suffixes=(".yaml",)):
        names.update(f"{path.name}::{case}" for case in SCENARIO.findall(path.read_text(encoding="utf-8")))
    return names


def shown(cases):
    """Cases as a row lists them: sorted, three or more neighbours as "T-001 to T-003"."""
    runs = []
    for case in sorted(cases, key=number_of):
        if runs and number_of(case) == number_of(runs[-1][-1]) + 1:
            runs[-1].append(case)
        else:
            runs.append([case])
    parts = [[f"{run[0]} to {run[-1]}"] if len(run) > 2 else run for run in runs]
    return ", ".join(part for run in parts for part in run)


def expand(part, cases):
    """The cases that one part of a column stands for; nothing if it is no list of cases."""
    match = CASES.fullmatch(part)
    if not match:
        return None
    first, last = match.group(1), match.group(2) or match.group(1)
    if first == last:
        return [first]
    return [case for case in cases if number_of(first) <= number_of(case) <= number_of(last)]


class Check:
    """One document against one tree."""

    def __init__(self, root):
        self.root = root
        self.lines = project.text_lines(root / DOCUMENT)
        self.rows, self.wrong = read_rows(self.lines)
        self.by_fact = {row.fact: row for row in self.rows}
        self.cases = read_cases(root)
        self.tests = read_tests(root)
        self.covering = {}  # fact -> the cases that cover it
        for case, facts in self.cases.items():
            for fact in facts:
                self.covering.setdefault(fact, []).append(case)

    def say(self, line, message):
        self.wrong.append((line, message))

    def run(self):
        self.numbers()
        for row in self.rows:
            if row.says_what_is_done:
                self.what_is_done(row)
            elif row.is_misconception:
                self.misconception(row)
        self.labels()
        self.covered()
        inside = [f"{DOCUMENT}:{line}: {message}" for line, message in sorted(self.wrong)]
        return inside + self.citations()

    def numbers(self):
        seen = {}
        for row in self.rows:
            if row.fact in seen:
                self.say(row.line, f"{row.fact} has a row already, in line {seen[row.fact]}")
            seen.setdefault(row.fact, row.line)
        for number, line in self.lines:
            for fact in FACT.findall(line):
                if fact not in self.by_fact:
                    self.say(number, f"{fact} has no row")

    def named_tests(self, row):
        """The tests and cases that a row names, each of which exists; what is none of these is said."""
        named = []
        for part in row.proofs():
            cases = expand(part, self.cases)
            if cases is not None:
                missing = [case for case in CASE.findall(part) if case not in self.cases]
                for case in missing:
                    self.say(row.line, f"{row.fact}: no conformance case {case}")
                named += cases
            elif re.fullmatch(r"`[^`]+`", part):
                named.append(part.strip("`"))
                if part.strip("`") not in self.tests:
                    self.say(row.line, f"{row.fact}: no test {part}")
            elif re.fullmatch(r"as [A-Z]+-\d+", part):
                self.proof_of_another(row, part.removeprefix("as "))
            elif not re.match(r"not testable: \w", part):
                self.say(row.line, f"{row.fact}: '{part}' is no case, no `test`, no 'as' another fact")
        return named

    def proof_of_another(self, row, fact):
        other = self.by_fact.get(fact)
        if other and not any(not part.startswith(("as ", "not testable")) for part in other.proofs()):
            self.say(row.line, f"{row.fact}: {fact}, whose proofs it shares, names no test")

    def what_is_done(self, row):
        if not row.cells["Ground"].startswith(GROUNDS):
            self.say(row.line, f"{row.fact}: the ground is none of {', '.join(GROUNDS)}")
        status = row.cells["Status"]
        if status not in STATUSES:
            self.say(row.line, f"{row.fact}: the status is none of {', '.join(STATUSES)}")
        if status in PROVEN and not row.proofs():
            self.say(row.line, f"{row.fact}: status '{status}' and no proof")
        self.named_tests(row)
        cases = [part for part in row.proofs() if CASES.fullmatch(part)]
        if ", ".join(cases) != shown(self.covering.get(row.fact, [])):
            self.say(row.line, f"{row.fact}: the cases that cover it are others; run tests/check/semantics.py --write")

    def misconception(self, row):
        named = self.named_tests(row)
        if not named:
            self.say(row.line, f"{row.fact}: no example")
        facts = FACT.findall(row.cells["Facts"])
        for case in named:
            if case in self.cases and not self.cases[case].intersection([row.fact, *facts]):
                self.say(row.line, f"{row.fact}: {case} covers none of {', '.join(facts)}")
        for case in sorted(self.covering.get(row.fact, [])):
            if case not in named:
                self.say(row.line, f"{row.fact}: {case} covers it and is not named")

    def labels(self):
        defined = {}
        for number, line in self.lines:
            match = DEFINITION.match(line)
            if match:
                defined[match.group(1)] = number
        used = set()
        for row in self.rows:
            for label in LABEL.findall(row.cells.get("Ground", "")):
                used.add(label)
                if label not in defined:
                    self.say(row.line, f"{row.fact}: no address of [{label}]")
        for label, number in defined.items():
            if label not in used:
                self.say(number, f"nothing rests on [{label}]")

    def covered(self):
        for case, facts in self.cases.items():
            if not facts:
                self.say(0, f"{case} covers no fact")
            for fact in sorted(facts):
                if fact not in self.by_fact:
                    self.say(0, f"{case} covers {fact}, which has no row")

    def citations(self):
        found = []
        for path in project.files(self.root, suffixes=CITING):
            where = str(path.relative_to(self.root))
            if where.startswith(NOT_CITING):
                continue
            for number, line in project.text_lines(path):
                for fact in FACT.findall(line):
                    if fact not in self.by_fact:
                        found.append(f"{where}:{number}: {fact} has no row in {DOCUMENT}")
        return found

    def written(self):
        """The document with the cases of every row as the conformance files say."""
        text = dict(self.lines)
        for row in self.rows:
            if not row.says_what_is_done:
                continue
            by_hand = [part for part in row.proofs() if not CASES.fullmatch(part)]
            row.cells["Proved by"] = ", ".join(filter(None, [shown(self.covering.get(row.fact, [])), *by_hand]))
            text[row.line] = ("| " + " | ".join(row.cells[name] for name in row.header) + " |").replace("|  |", "| |")
        return "\n".join(text.values()) + "\n"


def findings(root):
    return Check(root).run() if (root / DOCUMENT).exists() else [f"{DOCUMENT}: does not exist"]


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        (project.ROOT / DOCUMENT).write_text(Check(project.ROOT).written(), encoding="utf-8")
    else:
        project.main(findings)
