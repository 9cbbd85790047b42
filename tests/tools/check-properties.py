#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds docs/security-properties.md against the tests: P1 to P16 have a row each, and every
test that a row names is there and is run."""
import importlib.util
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
spec = importlib.util.spec_from_file_location("cases", ROOT / "tests/tools/check-cases.py")
cases = importlib.util.module_from_spec(spec)
spec.loader.exec_module(cases)


def main():
    faults, seen = [], []
    for line in (ROOT / "docs/security-properties.md").read_text().splitlines():
        row = re.fullmatch(r"\| (P\d+) \| (.+?) \| (.+?) \| (.+?) \|", line)
        if not row:
            if line.startswith("| P"):
                faults.append("cannot be read: " + line)
            continue
        seen.append(row[1])
        for part in row[3].split("; "):
            file, names = part.split(": ", 1)
            found = re.findall(r"`(\w+)`", names)
            if not found:
                faults.append("%s names no test of %s" % (row[1], file))
            faults += ["%s: tests/%s has no test %s" % (row[1], file, n) for n in found
                       if not cases.is_there(cases.TESTS / file, n)]
    if seen != ["P%d" % i for i in range(1, 17)]:
        faults.append("rows are not P1 to P16, one each: " + " ".join(seen))
    print("\n".join(faults))
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
