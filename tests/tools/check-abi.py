#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the installed headers declare is what include/libberth.map exports, and what
docs/abi/libberth-0.symbols promises.  registry.h is about the adapters' symbols: each
member of its structs and each of its numbers is in docs/abi/registry-MAJOR.MINOR.txt of
its own version, and nothing else is (where they lie is for
tests/unit/agent/resolverd/test_abi.c)."""
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


def registry():
    """What the header says and what was promised, as names."""
    text = (ROOT / "include/berth/registry.h").read_text()
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    version = [re.search(r"ABI_%s (\d+)" % n, text).group(1) for n in ("MAJOR", "MINOR")]
    have = re.findall(r"^#define (BERTH_REGISTRY_\w+) ", text, re.M)
    for name, body in re.findall(r"^struct (\w+) \{(.*?)^\};", text, re.M | re.S):
        have.append(name)
        for member in body.split(";"):
            callback = re.search(r"\(\*(\w+)\)", member)
            have += [callback.group(1)] if callback else re.findall(r"(\w+)\s*(?:,|$)", member.strip())
    promise = ROOT / ("docs/abi/registry-%s.%s.txt" % tuple(version))
    lines = promise.read_text().splitlines() if promise.exists() else []
    return sorted(have), sorted(line.split()[1 if line.startswith("struct") else 0] for line in lines)


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
    header, promise = registry()
    if header != promise:
        faults.append("include/berth/registry.h is not what docs/abi promises of its version: " +
                      " ".join(sorted(set(header) ^ set(promise))))
    print("\n".join(faults))
    return bool(faults) or not have


if __name__ == "__main__":
    sys.exit(main())
