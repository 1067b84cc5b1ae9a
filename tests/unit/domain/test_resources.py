"""What a folder requests, what the installation allows, and what is suggested."""

from __future__ import annotations

from typing import Any

import pytest

from modelops.domain.errors import BadInput, SeveralErrors
from modelops.domain.resources import (
    MIB,
    Allowance,
    Ceilings,
    Limits,
    Meter,
    ResourceRequest,
    Usage,
    bytes_of,
    seconds_text,
    size_text,
    suggested_cpu_seconds,
    suggested_memory,
)

FILE = "demo/late/config.json"
CEILINGS = Ceilings(memory=4096 * MIB, cpu_seconds=3600, seconds=1800, queues=("default", "gpu"), pools=("database",))


def refused(**requested: Any) -> BadInput:
    with pytest.raises(BadInput) as caught:
        ResourceRequest(**requested).check(CEILINGS, where=FILE)
    return caught.value


@pytest.mark.parametrize(
    ("text", "size"),
    [("4 GiB", 4 * 2**30), ("1.5GiB", 3 * 2**29), ("512 MiB", 2**29), ("4 GB", None), ("GiB", None), ("-1 GiB", None)],
)
def test_sizes(text: str, size: int | None) -> None:
    assert bytes_of(text) == size


@pytest.mark.parametrize(
    ("size", "text"),
    [(2**29, "512 MiB"), (2**30, "1 GiB"), (3 * 2**29, "1.5 GiB"), (2**41, "2 TiB"), (2**19, "0.5 MiB")],
)
def test_sizes_as_text(size: int, text: str) -> None:
    assert size_text(size) == text


def test_seconds_as_text() -> None:
    assert [seconds_text(each) for each in (1.0, 2.25, 3600)] == ["1 s", "2.2 s", "3,600 s"]


def test_what_is_allowed() -> None:
    ResourceRequest().check(CEILINGS, where=FILE)
    ResourceRequest(memory=4096 * MIB, cpu_seconds=3600, seconds=1, queue="gpu", pool="database").check(
        CEILINGS, where=FILE
    )
    ResourceRequest(memory=2**50, cpu_seconds=10**6, seconds=10**6).check(Ceilings(), where=FILE)


@pytest.mark.parametrize(
    ("requested", "what", "expected"),
    [
        (
            {"memory": 8192 * MIB},
            "resources.memory is 8 GiB, and this installation allows 4 GiB",
            "at most 4 GiB, or have MODELOPS_CHILD_MEMORY raised",
        ),
        (
            {"cpu_seconds": 3601},
            "resources.cpu_seconds is 3,601 s, and this installation allows 3,600 s",
            "at most 3,600 s, or have MODELOPS_CHILD_CPU_SECONDS raised",
        ),
        (
            {"seconds": 7200},
            "resources.seconds is 7,200 s, and this installation allows 1,800 s",
            "at most 1,800 s, or have MODELOPS_CHILD_SECONDS raised",
        ),
        (
            {"queue": "gpus"},
            "there is no queue 'gpus': did you mean gpu?",
            "one of default, gpu; MODELOPS_QUEUES lists the queues for models",
        ),
        ({"pool": "p"}, "there is no pool 'p'", "one of database; MODELOPS_POOLS lists the pools for models"),
    ],
)
def test_what_is_not_allowed(requested: dict[str, Any], what: str, expected: str) -> None:
    error = refused(**requested)
    assert (error.what, error.expected) == (what, expected)
    assert error.where == f"{FILE} (resources.{next(iter(requested))})"


def test_an_installation_without_queues() -> None:
    with pytest.raises(
        BadInput, match=r"(?s)no queue 'gpu'.*no queue: this installation has none; MODELOPS_QUEUES lists"
    ):
        ResourceRequest(queue="gpu").check(Ceilings(), where=FILE)


def test_all_mistakes_are_named() -> None:
    error = refused(memory=8192 * MIB, queue="x")
    assert isinstance(error, SeveralErrors)
    assert len(error.errors) == 2


def test_the_lower_of_the_request_and_the_ceiling_counts() -> None:
    limits = Limits.of(ResourceRequest(memory=2**29, seconds=7200), CEILINGS, where=FILE)
    assert limits.memory is not None
    assert (limits.memory.value, limits.memory.source) == (2**29, f"resources.memory in {FILE}")
    assert limits.seconds is not None, "it was lowered after the version was pinned"
    assert (limits.seconds.value, limits.seconds.source) == (1800, "MODELOPS_CHILD_SECONDS")
    assert limits.cpu_seconds is not None, "nothing was requested"
    assert (limits.cpu_seconds.value, limits.cpu_seconds.source) == (3600, "MODELOPS_CHILD_CPU_SECONDS")
    assert Limits.of(ResourceRequest(), Ceilings(), where=FILE) == Limits()


def test_the_processes_of_a_job_use_up_its_time_and_share_its_memory() -> None:
    allowance = Allowance(
        limits=Limits.of(ResourceRequest(memory=2**30, cpu_seconds=60, seconds=10), CEILINGS, where=FILE)
    )
    allowance.meter.add(Usage(peak_memory=2**29, cpu_seconds=20, seconds=4))
    allowance.meter.add(Usage(peak_memory=2**20, cpu_seconds=10, seconds=2))
    assert (allowance.memory, allowance.cpu_seconds, allowance.seconds) == (2**30, 30, 4)
    assert allowance.meter == Meter(total=Usage(peak_memory=2**29, cpu_seconds=30, seconds=6))


def test_what_is_on_record_of_a_request() -> None:
    request = ResourceRequest(queue="gpu", memory=2**30)
    assert request.as_record() == {"queue": "gpu", "memory": 2**30}
    assert ResourceRequest.from_record(request.as_record() | {"of_a_later_release": 1}) == request
    assert ResourceRequest.from_record(None) == ResourceRequest()


def test_a_suggestion_is_enough_and_no_odd_number() -> None:
    assert [suggested_memory(used * MIB) for used in (1, 200, 1024, 1228)] == [
        256 * MIB,
        256 * MIB,
        1280 * MIB,
        1536 * MIB,
    ]
    assert [suggested_cpu_seconds(used) for used in (0.0, 29, 31, 600)] == [60, 60, 120, 1200]
