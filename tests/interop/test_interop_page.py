# SPDX-License-Identifier: Apache-2.0
"""docs/interop.md says what went through, and names tests that exist.  After a
change: BERTH_INTEROP_PAGE=write make check-interop."""
import os
import re

import pytest

from peers import HERE, ROOT, Matrix

PAGE = ROOT / "docs" / "interop.md"


def part(name):
    return re.compile(f"(<!-- {name}: made by make check-interop -->\n)(.*?)(<!-- end -->)", re.S)


@pytest.mark.parametrize("name", Matrix.HEADS)
def test_the_page_has_this_matrix(request, matrix, name):
    if request.config.option.keyword or request.session.testscollected < 50:
        pytest.skip("only a part of the tests ran")
    table = "\n".join(matrix.table(name)) + "\n"
    text = PAGE.read_text()
    if os.environ.get("BERTH_INTEROP_PAGE") == "write":
        text = part(name).sub(lambda m: m[1] + table + m[3], text)
        PAGE.write_text(text)
    assert part(name).search(text)[2] == table


def test_the_tests_that_the_page_names_exist():
    named = set(re.findall(r"`(test_\w+)`", PAGE.read_text()))
    tests = set(re.findall(r"^def (test_\w+)", "".join(p.read_text() for p in HERE.glob("test_*.py")), re.M))
    assert named and named <= tests
