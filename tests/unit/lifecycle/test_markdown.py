"""What a card says of who may decide."""

from __future__ import annotations

import pytest

from modelops.domain.decisions import ApprovalRequest
from modelops.domain.versions import VersionId
from modelops.lifecycle.markdown import who


def request(kind: str, *unrequested: int) -> ApprovalRequest:
    return ApprovalRequest(
        id=1,
        version_id=VersionId(1),
        digest="0" * 64,
        evidence={kind: "demo/arrival_delay", "version": 2},
        requesters=["ada"],
        approvers=[],
        unrequested=unrequested,
    )


@pytest.mark.parametrize(("kind", "work"), [("model", "training"), ("feature_task", "import")])
def test_the_card_says_that_a_requester_is_unknown(kind: str, work: str) -> None:
    said = who(request(kind, 2, 3))
    assert "**Nobody can decide yet.**" in said
    assert f"who had cleared the {work} before attempt 2, 3" in said
    assert "start a new run" in said


def test_the_card_says_nothing_of_it_otherwise() -> None:
    assert who(request("model")).startswith("May decide: **anybody else**; ada asked for it and can't.")
