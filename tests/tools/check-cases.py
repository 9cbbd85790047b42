#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds docs/security-cases.md against the tests: each test it names is there and is
run, each case stands once, and each case number in a test's name is in the table or
belongs to a group that the table does not cover."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests"
COVERED = [(1, 90), (97, 98), (102, 103), (105, 108), (110, 111), (114, 129), (130, 145), (147, 156), (159, 159)]
# Each has a row, whatever the tests are called: groups C to I, N and O.
NEEDED = [22, 23, 24, 25, 26, 27, 28, 30, 32, 33, 34, 36, 37, 38, 39, 40, 41, 43, 44, 45, 47, 50, 52, 53, 55, 56, 57, 58, 59, 60,
          61, 62, 63, 65, 66, 68, 69, 71, 72, 74, 75, 76, 77, 79, 80, 81, 83, 84, 86, 88, 89, 90, 137, 138, 140, 141, 142, 143, 144, 145, 147,
          148, 150, 151, 152, 153, 159]


def is_there(path, name):
    if not path.is_file():
        return False
    text = path.read_text()
    if path.suffix == ".py":
        return re.search(r"^def %s\(" % name, text, re.M) is not None
    return re.search(r"^static void %s\(void \*\*" % name, text, re.M) is not None and \
        len(re.findall(r"\b%s\b" % name, text)) > 1     # a test that no list names does not run


def table(faults):
    """Rows without a number, (H) and the like, are held against the tests all the same."""
    cases, outcomes = set(), set()
    for line in (ROOT / "docs/security-cases.md").read_text().splitlines():
        if not line.startswith("|") or line.startswith(("| case |", "|---")):
            continue
        row = re.fullmatch(r"\| (C\d{3}[abc]?|G\d+|\([A-Z]\)) \| (.+?) \| (.+) \|", line)
        if not row:
            faults.append("cannot be read: " + line)
            continue
        case, outcome, shown = row.groups()
        if case in cases or outcome in outcomes:
            faults.append(case + " stands twice")
        cases |= set() if case.startswith("(") else {case}
        outcomes.add(outcome)
        if shown == "-":
            continue
        for part in shown.split("; "):
            file, names = part.split(": ", 1)
            for name in re.findall(r"`(\w+)`", names):
                if not is_there(TESTS / file, name):
                    faults.append("%s: tests/%s has no test %s" % (case, file, name))
    return cases


def main():
    faults = []
    cases = {int(c[1:4]) for c in table(faults) if c.startswith("C")}
    faults += ["C%03d is in no row" % n for n in NEEDED if n not in cases]
    for path in sorted(p for p in TESTS.rglob("test_*.*") if p.suffix in (".c", ".py")):
        for text in set(re.findall(r"(?:static void |def test_)((?:c\d{3}[abc]?_)+)", path.read_text())):
            for n in map(int, re.findall(r"\d{3}", text)):
                if n not in cases and any(a <= n <= b for a, b in COVERED):
                    faults.append("%s: C%03d is in no row" % (path.relative_to(ROOT), n))
    print("\n".join(faults))
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
