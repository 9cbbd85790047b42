# SPDX-License-Identifier: Apache-2.0
"""The text exposition format 0.0.4, read more strictly than Prometheus does: every family
with HELP and TYPE before its samples, in one piece, no sample twice, names by convention."""
import re

NAME = r"[a-z_:][a-z0-9_:]*"
LABELS = r'(?:\{(' + NAME + r'="(?:[^"\\\n]|\\["\\n])*"(?:,' + NAME + r'="(?:[^"\\\n]|\\["\\n])*")*)\})?'
SAMPLE = re.compile(rf"({NAME}){LABELS} (-?[0-9]+)")


def parse(text):
    """{name: (type, {labels text or "": value})}; anything that is not of the format is an AssertionError."""
    families, current, told = {}, None, None
    assert text.endswith("\n") and not text.startswith("\n")
    for line in text[:-1].split("\n"):
        if line.startswith("# HELP "):
            _, _, told, help_ = line.split(" ", 3)
            assert re.fullmatch(NAME, told) and told not in families and help_ == help_.strip() != "", line
            current = None
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name == told and kind in ("counter", "gauge"), line
            assert (kind == "counter") == name.endswith("_total"), line
            families[name] = kind, {}
            current = name
        else:
            m = SAMPLE.fullmatch(line)
            assert m and m[1] == current, line
            samples = families[current][1]
            assert (m[2] or "") not in samples, line
            samples[m[2] or ""] = int(m[3])
            assert families[current][0] == "gauge" or int(m[3]) >= 0, line
    assert all(samples for _, samples in families.values()), families
    return families
