#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sums gcovr's CSV up by folder: coverage.py coverage.csv"""
import collections
import csv
import os
import sys

rows = collections.defaultdict(lambda: [0, 0, 0, 0])
with open(sys.argv[1], newline="") as f:
    for r in csv.DictReader(f):
        n = [int(r[k]) for k in ("line_covered", "line_total", "branch_covered", "branch_total")]
        for name in (os.path.dirname(r["filename"]), "all"):
            rows[name] = [a + b for a, b in zip(rows[name], n)]
print("| folder | lines | branches |\n|---|---|---|")
for name in sorted(rows, key=lambda k: (k == "all", k)):
    lc, lt, bc, bt = rows[name]
    print(f"| {name} | {100 * lc / max(lt, 1):.1f} % of {lt} | {100 * bc / max(bt, 1):.1f} % of {bt} |")
