#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the state checker leaves out changes no state: no step that tests/flow/test_states.c names as
left out, and nothing that it calls in agent/protocol, sets fx->state.  M0 comes before its first state."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FUNCTION = re.compile(r"^\w[\w ]*?[ *\n](\w+)\([^;{}]*?\)\n\{\n(.*?)^\}", re.M | re.S)


def read():
    """{file: {function: body}}; a name that is static in several files is each file's own"""
    return {p.name: dict(FUNCTION.findall(p.read_text())) for p in sorted((ROOT / "agent/protocol").glob("*.c"))}


def sets_state(files, name, file, seen):
    if file is None or name not in files[file]:
        file = next((f for f, known in files.items() if name in known), None)
    if file is None or (file, name) in seen:
        return None
    seen.add((file, name))
    body = files[file][name]
    if re.search(r"fx->state\s*=[^=]", body):
        return name
    calls = set(re.findall(r"\b(\w+)\(", body))
    return next(filter(None, (sets_state(files, c, file, seen) for c in sorted(calls))), None)


def main():
    files = read()
    text = (ROOT / "tests/flow/test_states.c").read_text()
    text = text[text.index("left_out[] = {"):text.index("#define N_LEFT_OUT")]
    steps = [s for s, why in re.findall(r"\{ \w+, \w+, (\w+), NULL, \d+, \"(.*?)\" \}", text)
             if s != "NULL" and not why.startswith("M0")]
    faults = ["%s: is in no file" % s for s in steps if not any(s in known for known in files.values())]
    for step in steps:
        by = sets_state(files, step, None, set())
        if by:
            faults.append("%s is left out of the state checker, and %s sets a state" % (step, by))
    faults += ["%s sets a state, which is not found" % s for s in ("gateway_on_resync", "owner_on_evidence")
               if not sets_state(files, s, None, set())]
    if len(steps) < 10:
        faults.append("the list of what is left out cannot be read")
    print("\n".join(faults))
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
