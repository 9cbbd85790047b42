#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the installed headers declare is what include/libberth.map exports, and what
docs/abi/libberth-0.symbols promises.  registry.h is about the adapters' symbols."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def declared():
    names = set()
    for path in (ROOT / "include/berth").glob("*.h"):
        if path.name == "registry.h":
            continue
        text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)
        text = re.sub(r"^[ \t]*#.*(\\\n.*)*", "", text, flags=re.M)
        names |= set(re.findall(r"\b(berth_\w+)\(", text))
    return names


def main():
    have = declared()
    exported = re.findall(r"^\t\t(\w+);$", (ROOT / "include/libberth.map").read_text(), re.M)
    promised = (ROOT / "docs/abi/libberth-0.symbols").read_text().split()
    faults = []
    for name, names in (("include/libberth.map", exported), ("docs/abi/libberth-0.symbols", promised)):
        if names != sorted(set(names)):
            faults.append(name + " is not sorted, or names something twice")
        faults += ["%s: no header declares %s" % (name, n) for n in sorted(set(names) - have)]
        faults += ["%s: lacks %s" % (name, n) for n in sorted(have - set(names))]
    print("\n".join(faults))
    return bool(faults) or not have


if __name__ == "__main__":
    sys.exit(main())
