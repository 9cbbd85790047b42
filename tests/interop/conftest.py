# SPDX-License-Identifier: Apache-2.0
import pytest

import peers


@pytest.fixture(scope="session")
def matrix():
    return peers.matrix


@pytest.fixture(scope="session", autouse=True)
def packages():
    peers.install()


def pytest_collection_modifyitems(items):
    """The page is compared with the matrix when the matrix is whole."""
    items.sort(key=lambda item: item.path.name == "test_interop_page.py")


def pytest_terminal_summary(terminalreporter):
    for name in peers.Matrix.HEADS:
        for line in [*peers.matrix.table(name), *peers.matrix.totals(name)]:
            terminalreporter.write_line(line)
