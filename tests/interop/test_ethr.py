# SPDX-License-Identifier: Apache-2.0
"""did:ethr on a live chain: registry-adapters/ethr and npm's ethr-did-resolver side by
side."""
import pytest

import ethr_chain


@pytest.fixture(scope="module", autouse=True)
def packages_ethr():
    ethr_chain.install()


@pytest.fixture
def chain():
    c = ethr_chain.Chain()
    yield c
    c.close()


def test_the_chain_has_the_registry(chain):
    """What the other tests stand on: a change by npm's code, seen by npm's resolver."""
    me, other = (a["address"] for a in chain.accounts[:2])
    assert chain.ask("call", account=0, method="changeOwner", args=[me, other])["status"] == 1
    result = chain.resolve(chain.did(0))
    assert result["didDocument"]["verificationMethod"][0]["blockchainAccountId"] == f"eip155:1337:{other}"
    assert len(chain.events(me)) == 1
