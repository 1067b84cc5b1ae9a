"""What a card says of who may decide."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modelops.kinds.feature_task.card import card_of as task_card
from modelops.kinds.model.card import card_of
from unit.lifecycle.cards import model_request, task_request


@pytest.mark.parametrize(
    ("request_", "render", "work"),
    [(model_request("ada"), card_of, "training"), (task_request("ada"), lambda one: task_card(one, ""), "import")],
)
def test_the_card_says_that_a_requester_is_unknown(request_: object, render: object, work: str) -> None:
    said = render(replace(request_, unrequested=(2, 3)))
    assert "**Nobody can decide yet.**" in said
    assert f"who had cleared the {work} before attempt 2, 3" in said
    assert "start a new run" in said
    assert "Nobody can decide" not in render(request_)
