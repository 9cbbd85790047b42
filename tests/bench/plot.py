#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Draws what `bench sizes` prints, time against size, both logarithmic: a straight line
of slope one is a cost that grows as the size does.

  build/tests/bench/bench sizes | tests/bench/plot.py > build/vc-sizes.svg"""
import math
import re
import sys

W, H, LEFT, TOP, RIGHT, BOTTOM = 720, 480, 70, 30, 200, 50
COLOURS = ("#0b6", "#06b", "#b30", "#850", "#609")
ROW = re.compile(r"\| (.+) verify, (\d+) KiB\s*\|\s*[\d.]+ \|\s*([\d.]+) \|")


def read(text):
    """{format: [(KiB, microseconds), ...]}"""
    series = {}
    for name, size, us in ROW.findall(text):
        series.setdefault(name, []).append((int(size), float(us)))
    return series


def decades(low, high):
    return range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)


class Plot:
    def __init__(self, series):
        points = [p for line in series.values() for p in line]
        self.xs = decades(min(x for x, _ in points), max(x for x, _ in points))
        self.ys = decades(min(y for _, y in points), max(y for _, y in points))

    def x(self, size):
        return LEFT + (W - LEFT - RIGHT) * (math.log10(size) - self.xs[0]) / (self.xs[-1] - self.xs[0])

    def y(self, us):
        return H - BOTTOM - (H - TOP - BOTTOM) * (math.log10(us) - self.ys[0]) / (self.ys[-1] - self.ys[0])


def line(x1, y1, x2, y2, style):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" {style}/>'


def label(x, y, what, anchor="start", colour="#000"):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{what}</text>'


def grid(p):
    thin = 'stroke="#ddd"'
    for e in p.xs:
        yield line(p.x(10 ** e), TOP, p.x(10 ** e), H - BOTTOM, thin)
        yield label(p.x(10 ** e), H - BOTTOM + 18, f"{10 ** e:g} KiB", "middle")
    for e in p.ys:
        yield line(LEFT, p.y(10 ** e), W - RIGHT, p.y(10 ** e), thin)
        yield label(LEFT - 8, p.y(10 ** e) + 4, f"{10 ** e / 1000:g} ms", "end")


def curve(p, colour, name, points):
    at = " ".join(f"{p.x(x):.1f},{p.y(y):.1f}" for x, y in points)
    yield f'<polyline points="{at}" fill="none" stroke="{colour}" stroke-width="2"/>'
    yield label(W - RIGHT + 10, p.y(points[-1][1]) + 4, name, colour=colour)


def main():
    series = read(sys.stdin.read())
    if not series:
        sys.exit("plot.py: no rows of `bench sizes`")
    p = Plot(series)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{W}" height="{H}" font-family="sans-serif" font-size="12">',
           f'<rect width="{W}" height="{H}" fill="#fff"/>', label(LEFT, 18, "verifying a credential, by its size"), *grid(p)]
    for colour, (name, points) in zip(COLOURS, series.items()):
        out += curve(p, colour, name, points)
    print("\n".join(out + ["</svg>"]))


if __name__ == "__main__":
    main()
