# SPDX-License-Identifier: Apache-2.0
import pytest

import peers
from didcomm_world import OURS_LACKS

NEEDS = {"test_mediator_client.py": "mediator", "test_didcomm_forward.py": "forward"}
collect_ignore = [name for name, what in NEEDS.items() if what in OURS_LACKS]


@pytest.fixture(scope="session")
def matrix():
    return peers.matrix


@pytest.fixture(scope="session", autouse=True)
def packages():
    peers.install()


def pytest_collection_modifyitems(items):
    """A list of nothing (what one side lacks, when it lacks nothing) is no test that was
    skipped.  The page is compared with the matrix when the matrix is whole."""
    items[:] = [i for i in items if not any("empty parameter set" in m.kwargs.get("reason", "") for m in i.iter_markers("skip"))]
    items.sort(key=lambda item: item.path.name == "test_interop_page.py")


def pytest_terminal_summary(terminalreporter):
    for name in peers.Matrix.HEADS:
        for line in [*peers.matrix.table(name), *peers.matrix.totals(name)]:
            terminalreporter.write_line(line)
