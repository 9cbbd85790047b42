# SPDX-License-Identifier: Apache-2.0
"""Draws the time of one onboarding against the size of the fleet.  A flat line is what it
costs when others do not matter."""
import math

W, H, LEFT, TOP, RIGHT, BOTTOM = 640, 400, 70, 40, 150, 50
LINES = (("p95Ms", "p95", "#b30"), ("p50Ms", "median", "#06b"))


def nice(most):
    """The next 1, 2 or 5 times a power of ten."""
    ten = 10 ** math.floor(math.log10(most))
    return next(f * ten for f in (1, 2, 5, 10) if f * ten >= most)


def text(x, y, what, anchor="middle", colour="#000"):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{what}</text>'


def line(x1, y1, x2, y2):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="#ddd"/>'


def svg(results):
    """results: what fleet.py measured, one a fleet."""
    sizes = [r["gateways"] for r in results]
    top = nice(max(r["p95Ms"] for r in results) or 1)
    low, high = math.log10(min(sizes)) - 0.1, math.log10(max(sizes)) + 0.1

    def x(n):
        return LEFT + (W - LEFT - RIGHT) * (math.log10(n) - low) / (high - low)

    def y(ms):
        return H - BOTTOM - (H - TOP - BOTTOM) * ms / top

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{W}" height="{H}" font-family="sans-serif" font-size="12">',
           f'<rect width="{W}" height="{H}" fill="#fff"/>',
           text(LEFT, 20, f"time of one onboarding, {results[-1]['atOnce']} at once, by the size of the fleet", "start")]
    for i in range(6):
        out += [line(LEFT, y(top * i / 5), W - RIGHT, y(top * i / 5)), text(LEFT - 8, y(top * i / 5) + 4, f"{top * i / 5:g} ms", "end")]
    for n in sizes:
        out += [line(x(n), TOP, x(n), H - BOTTOM), text(x(n), H - BOTTOM + 18, f"{n:,}")]
    out.append(text((LEFT + W - RIGHT) / 2, H - 10, "gateways"))
    for key, name, colour in LINES:
        points = " ".join(f"{x(r['gateways']):.1f},{y(r[key]):.1f}" for r in results)
        out.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        out.append(text(W - RIGHT + 10, y(results[-1][key]) + 4, name, "start", colour))
    return "\n".join(out + ["</svg>"]) + "\n"
