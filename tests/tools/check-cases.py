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
COVERED = [(1, 63), (65, 68), (75, 75), (86, 86), (89, 89), (114, 114), (119, 119), (130, 145), (147, 152), (154, 156), (159, 159)]


def is_there(path, name):
    if not path.is_file():
        return False
    text = path.read_text()
    if path.suffix == ".py":
        return re.search(r"^def %s\(" % name, text, re.M) is not None
    return re.search(r"^static void %s\(void \*\*" % name, text, re.M) is not None and \
        len(re.findall(r"\b%s\b" % name, text)) > 1     # a test that no list names does not run


def table(faults):
    cases = set()
    for line in (ROOT / "docs/security-cases.md").read_text().splitlines():
        row = re.fullmatch(r"\| (C\d{3}[abc]?) \| (.+) \| (.+) \|", line)
        if not row:
            if line.startswith("| C"):
                faults.append("cannot be read: " + line)
            continue
        case, outcome, shown = row.groups()
        if case in cases:
            faults.append(case + " stands twice")
        cases.add(case)
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
    cases = {int(c[1:4]) for c in table(faults)}
    if len(cases) < 70:
        faults.append("only %d cases" % len(cases))
    for path in sorted(p for p in TESTS.rglob("test_*.*") if p.suffix in (".c", ".py")):
        for text in set(re.findall(r"(?:static void |def test_)((?:c\d{3}[abc]?_)+)", path.read_text())):
            for n in map(int, re.findall(r"\d{3}", text)):
                if n not in cases and any(a <= n <= b for a, b in COVERED):
                    faults.append("%s: C%03d is in no row" % (path.relative_to(ROOT), n))
    print("\n".join(faults))
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
