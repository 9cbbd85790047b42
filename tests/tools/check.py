#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the parts of the test suite that are named and counts them.

  check.py --build build source unit flow fuzz system interop soak
  check.py --build build-arm64 --run "qemu-aarch64-static -L SYSROOT" unit/did unit/didcomm unit/vc fuzz

Every part prints what failed; the last line is `N passed, N failed, N skipped`.
A skip is shown, and with CI=true it counts as a failure."""
import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import xml.etree.ElementTree as xml

ROOT = pathlib.Path(__file__).resolve().parents[2]
total = {"passed": 0, "failed": 0, "skipped": 0}
vectors = []
emulator = []    # what runs another machine's programs


def run(cmd, **kw):
    env = dict(os.environ, ASAN_OPTIONS="detect_leaks=1", UBSAN_OPTIONS="print_stacktrace=1",
               TSS2_LOG="all+NONE", PYTHONDONTWRITEBYTECODE="1")
    env.update(kw.pop("env", {}))
    return subprocess.run(cmd, cwd=ROOT, env=env, text=True, errors="replace",
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **kw)


def count(passed, failed, skipped=0):
    total["passed"] += passed
    total["failed"] += failed
    total["skipped"] += skipped


def source():
    for tool in sorted((ROOT / "tests/tools").glob("check-*")):
        r = run([str(tool)])
        ok = r.returncode == 0
        count(ok, not ok)
        print(("ok   " if ok else "FAIL ") + tool.name)
        if not ok:
            print(r.stdout)


def program(path):
    try:
        r = run([*emulator, str(path)], timeout=600)
    except subprocess.TimeoutExpired:
        return path, 0, 1, 0, "timed out"
    p = sum(map(int, re.findall(r"\[  PASSED  \] (\d+) test", r.stdout)))
    f = sum(map(int, re.findall(r"\[  FAILED  \] (\d+) test", r.stdout)))
    s = sum(map(int, re.findall(r"\[  SKIPPED \] (\d+) test", r.stdout)))
    if r.returncode != 0 and f == 0:
        f = 1
    if r.returncode == 0 and p == 0:
        f = 1   # a program that ran no test proves nothing
    return path, p, f, s, r.stdout


def programs(build, folder):
    skip = re.compile(os.environ.get("BERTH_SKIP", "^$"))   # for a quick look by hand; CI never sets it
    found = sorted(p.with_suffix("") for p in (ROOT / "tests" / folder).rglob("test_*.c") if not skip.search(p.stem))
    paths = [ROOT / build / p.relative_to(ROOT) for p in found]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, p, f, s, out in pool.map(program, paths):
            count(p, f, s)
            name = path.relative_to(ROOT / build / "tests")
            print(f"{'ok  ' if not f else 'FAIL'} {name}: {p} passed" + (f", {f} failed" if f else ""))
            vectors.extend(re.findall(r"^vectors: (.*)$", out, re.M))
            if f:
                print(out)


def fuzz(build):
    for src in sorted((ROOT / "tests/fuzz").glob("fuzz_*.c")):
        corpus = ROOT / "tests/fuzz/corpus" / src.stem
        files = sorted(str(f) for f in corpus.glob("*")) if corpus.is_dir() else []
        r = run([*emulator, str(ROOT / build / "tests/fuzz" / src.stem), *files], timeout=600)
        ok = r.returncode == 0 and len(files) > 0
        count(ok, not ok)
        print(f"{'ok  ' if ok else 'FAIL'} fuzz/{src.stem}: {len(files)} inputs replayed")
        if not ok:
            print(r.stdout[-4000:])


def pytests(build, folder, extra=()):
    if not list((ROOT / "tests" / folder).glob("test_*.py")):
        return
    report = ROOT / build / f"{folder}.xml"
    cmd = [os.environ.get("PYTHON", "/usr/bin/python3"), "-m", "pytest", "-q", "-x" if "-x" in extra else "-q",
           "-p", "no:cacheprovider", f"--junitxml={report}", *[e for e in extra if e != "-x"], f"tests/{folder}"]
    r = run(cmd, env={"BERTH_BUILD": str(ROOT / build)})
    print(r.stdout if r.returncode else "\n".join(
        l for l in r.stdout.splitlines() if re.search(r"passed|failed|vectors:|measured:|^\| ", l)))
    vectors.extend(re.findall(r"^vectors: (.*)$", r.stdout, re.M))
    if not report.exists():
        return count(0, 1)
    for suite in xml.parse(report).getroot().iter("testsuite"):
        n, f, e, s = (int(suite.get(k, 0)) for k in ("tests", "failures", "errors", "skipped"))
        count(n - f - e - s, f + e, s)


def main():
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("--build", default="build")
    ap.add_argument("--run", default="", metavar="COMMAND", help="in front of each program of unit, flow and fuzz")
    ap.add_argument("part", nargs="+")
    a = ap.parse_args()
    emulator.extend(a.run.split())
    for part in a.part:
        print(f"== {part}", flush=True)
        if part == "source":
            source()
        elif part.split("/")[0] in ("unit", "flow"):
            programs(a.build, part)
        elif part == "fuzz":
            fuzz(a.build)
        elif part == "soak":
            os.environ["BERTH_SOAK"] = "1"
            programs(a.build, "flow")
            pytests(a.build, "soak")
        else:
            pytests(a.build, part)
        sys.stdout.flush()
    if vectors:
        print("== cases made by others that pass")
        for line in sorted(set(vectors)):
            print("  " + line)
    if os.environ.get("CI") and total["skipped"]:
        print("a skipped test is a failure here")
        total["failed"] += total["skipped"]
        total["skipped"] = 0
    print("{passed} passed, {failed} failed, {skipped} skipped".format(**total))
    return 1 if total["failed"] or not total["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
