"""The section `resources` of config.json and task.yaml."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from factories import task_folder
from modelops.domain.errors import BadInput
from modelops.domain.resources import ResourceRequest
from modelops.kinds.model import code as version_code
from modelops.repository.definition import read_model
from modelops.repository.task_definition import read_task
from modelops.stages import code as stage_code

if TYPE_CHECKING:
    from pathlib import Path

    from unit.repository.conftest import WriteModel


def of_model(folder: Path, write_model: WriteModel, resources: Any) -> ResourceRequest:
    files = {"config.json": json.dumps({"hyperParameters": {"depth": 3}, "resources": resources}, indent=1)}
    return read_model(write_model(folder, files), "demo/late").resources


def of_task(repository: Path, text: str) -> ResourceRequest:
    folder = task_folder(repository, "delay")
    file = folder / "task.yaml"
    file.write_text(f"{file.read_text()}\n{text}\n")
    return read_task(folder, "demo/delay").resources


def test_all_keys(tmp_path: Path, write_model: WriteModel) -> None:
    given = {"queue": "gpu", "pool": "database", "memory": "1.5 GiB", "cpu_seconds": 600, "seconds": 90.5}
    assert of_model(tmp_path, write_model, given) == ResourceRequest(
        queue="gpu", pool="database", memory=3 * 2**29, cpu_seconds=600, seconds=90.5
    )


@pytest.mark.parametrize("given", [{}, None])
def test_nothing_is_requested(tmp_path: Path, write_model: WriteModel, given: Any) -> None:
    assert of_model(tmp_path, write_model, given) == ResourceRequest()
    assert read_model(write_model(tmp_path / "other"), "demo/late").resources == ResourceRequest()


def test_a_number_of_memory_is_in_mib(tmp_path: Path, write_model: WriteModel) -> None:
    assert of_model(tmp_path, write_model, {"memory": 2048}).memory == 2**31


@pytest.mark.parametrize(
    ("given", "what", "expected"),
    [
        ([], "resources is a list", "a mapping: resources: {"),
        ({"memroy": 1}, "the key 'memroy' is unknown here (did you mean memory?)", "only these keys: queue, pool,"),
        ({"memory": "4 GB"}, "memory is '4 GB'", 'such as "4 GiB"; or a whole number of MiB'),
        ({"memory": 1.5}, "memory is a number", "a whole number of MiB"),
        ({"memory": True}, "memory is true or false", "a whole number of MiB"),
        ({"memory": 64}, "memory is not between 128 MiB and 64 TiB", "a size"),
        ({"memory": "65 TiB"}, "memory is not between 128 MiB and 64 TiB", "a size"),
        ({"cpu_seconds": 0}, "cpu_seconds is not between 1 and 2,678,400,000", "CPU time"),
        ({"seconds": 10**9}, "seconds is not between 1 and 2,678,400", "may run"),
        ({"seconds": "60"}, "seconds is text", "may run"),
        ({"queue": "a queue"}, "queue is 'a queue'", "letters, digits"),
        ({"queue": "q" * 101}, "queue is ", "letters, digits"),
        ({"pool": 1}, "pool is a number", "letters, digits"),
    ],
)
def test_mistakes(tmp_path: Path, write_model: WriteModel, given: Any, what: str, expected: str) -> None:
    with pytest.raises(BadInput) as caught:
        of_model(tmp_path, write_model, given)
    assert caught.value.what.startswith(what)
    assert caught.value.where.startswith("demo/late/config.json:")
    assert expected in caught.value.expected


def test_a_misspelt_section(tmp_path: Path, write_model: WriteModel) -> None:
    files = {"config.json": '{"Resources": {"memory": 512}}'}
    with pytest.raises(BadInput, match="the key 'Resources' is misspelt"):
        read_model(write_model(tmp_path, files), "demo/late")


@pytest.mark.parametrize(
    "config",
    [
        {"resources": {"workers": 4}},
        {"resources": "large"},
        {"resource": 1, "sliceBy": 2},
        {"slice_by": ["carrier"]},
    ],
)
def test_a_version_from_before_there_were_requests_is_read_as_it_was_then(
    tmp_path: Path, write_model: WriteModel, config: Any
) -> None:
    folder = write_model(tmp_path, {"config.json": json.dumps(config | {"hyperParameters": {"depth": 3}})})
    with pytest.raises(BadInput):
        read_model(folder, "demo/late")
    found = read_model(folder, "demo/late", requests=False)
    assert (found.resources, found.slice_by, found.hyperparameters) == (ResourceRequest(), (), {"depth": 3})


@pytest.mark.parametrize("pinned", [None, {}])
def test_what_a_version_pinned_decides_how_its_code_is_read(
    tmp_path: Path, write_model: WriteModel, monkeypatch: pytest.MonkeyPatch, pinned: Any
) -> None:
    folder = write_model(tmp_path, {"config.json": '{"resources": {"memory": 512}}'})
    monkeypatch.setattr(stage_code, "load", lambda version, read, *_: read(folder, version.name))
    version: Any = SimpleNamespace(name="demo/late", resources=pinned, is_imported_model=False)
    found: Any = version_code.load(version, tmp_path, None)  # type: ignore[arg-type]
    assert found.resources.memory == (None if pinned is None else 2**29)


def test_a_feature_task(tmp_path: Path) -> None:
    task = of_task(tmp_path, "resources: {queue: gpu, pool: database}")
    assert task == ResourceRequest(queue="gpu", pool="database")


def test_a_task_in_sql_has_no_code_to_limit(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"(?s)a task in SQL has resources.memory.*queue and pool alone"):
        of_task(tmp_path, "resources: {memory: 512}")
