"""docker-compose.yaml on a Docker engine, with two workers, for all tests of this folder."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from e2e.waiting import eventually
from engine.engine import Engine, missing
from engine.images import import_all, root_in
from engine.outside import Proxy
from factories import EVALUATION, SCORING, TRAINING, model_folder
from modelops.domain.errors import Unavailable
from modelops.runner.containers.secrets_file import write_env
from modelops.runner.hosts.interpolation import read_env_file
from modelops.settings import PROJECT_ROOT
from signed_in import SignedIn, account_passwords

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

HOME = "MODELOPS_ENGINE_TEST_HOME"
"""For those who write these tests: a folder where the images stay, so that the next run needs not make them."""
ROWS = 4_000
SERIES = f"SELECT i AS id, i / 10.0::float8 AS x, (100 - i)::float8 AS y{{}} FROM generate_series(1, {ROWS}) AS i"
DATASETS = f"""
entity_key: id
features: [x, y]
targets: [late]
datasets:
  train: {SERIES.format(", i % 2 AS late")}
  evaluate: {SERIES.format(", i % 2 AS late")}
  predict: {SERIES.format("")}
"""
FETCHED = "iniconfig"
"""A package that is small and needs no other: that a model can import it shows that workers reach an index."""
REPOSITORY = "/var/lib/modelops/repositories/here"


@dataclass(frozen=True, kw_only=True)
class Stack:
    """The services of docker-compose.yaml on an engine, under variables of the tests' own."""

    engine: Engine
    folder: Path
    outside: str
    """Where the services' proxy listens."""

    def compose(self, *command: str, env: str = ".env", **more: Any) -> subprocess.CompletedProcess[str]:
        files = ["--project-directory", str(PROJECT_ROOT), "--env-file", str(self.folder / env)]
        return self.engine.run("docker-compose", *files, *command, **more)

    def containers(self) -> list[dict[str, Any]]:
        """What `docker compose ps` tells of each container."""
        return [json.loads(line) for line in self.compose("ps", "--all", "--format=json").stdout.splitlines()]

    def story(self) -> str:
        return "\n".join(self.compose(*more, check=False).stdout for more in (("ps", "--all"), ("logs", "--tail=15")))

    def sql(self, query: str) -> str:
        """What psql prints, one row a line."""
        psql = ("psql", "--username=modelops_admin", "--dbname=modelops", "-AtX", f"--command={query}")
        return self.compose("exec", "-T", "data", *psql).stdout.strip()

    def eventually(self, what: str, look: Any) -> Any:
        return eventually(what, look, story=self.story, every=1)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The engine, with the project's image built and nothing started."""
    if reason := missing():
        pytest.skip(reason)
    kept = os.environ.get(HOME)
    home = Path(kept) if kept else tmp_path_factory.mktemp("engine")
    try:
        root = root_in(home)
    except Unavailable as error:
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("project")
    shutil.copy(PROJECT_ROOT / ".env.example", folder)
    env = write_env(folder)
    (folder / "repositories.yaml").write_text(json.dumps({"repositories": {"here": {"path": REPOSITORY}}}))
    engine = Engine(home, keep=bool(kept))
    try:
        engine.wait()
        listening = engine.listening()
        proxy = Proxy(listening)
        outside = "{}:{}".format(*listening.getsockname())
        with env.open("a") as file:
            print(f"\nHTTP_PROXY=http://{outside}\nHTTPS_PROXY=http://{outside}", file=file)
            print(f"MODELOPS_REPOSITORIES={folder / 'repositories.yaml'}", file=file)
            print(f"MODELOPS_SETTINGS={folder / 'settings.env'}", file=file)
        import_all(engine, root)
        stack = Stack(engine=engine, folder=folder, outside=outside)
        stack.compose("build")
        yield stack
        stack.compose("down", "--volumes", "--timeout=20")
        assert stack.containers() == []
        proxy.close()
    finally:
        engine.stop()
        if not kept:
            shutil.rmtree(home)


@pytest.fixture(scope="session")
def up(stack: Stack) -> Stack:
    """With all services healthy, and a model in the folder that they share."""

    def started() -> bool:
        done = stack.compose("up", "--detach", "--wait", "--scale", "worker=2", check=False)
        # A busy machine may need longer than the time that the health checks leave for the start.
        if done.returncode != 0 and "unhealthy" not in done.stderr:
            pytest.fail(f"{done.stderr[-3000:]}\n{stack.story()}", pytrace=False)
        return done.returncode == 0

    if not started():
        stack.eventually("all services are healthy", started)
    here = stack.folder / "here"
    uses = f"import {FETCHED}\n"
    model_folder(
        here,
        "small",
        datasets=DATASETS,
        training=uses + TRAINING,
        evaluation=EVALUATION,
        scoring=uses + SCORING,
        requirements=f"{FETCHED}\n",
    )
    stack.compose("cp", str(here), f"worker:{REPOSITORY}")
    return stack


@pytest.fixture(scope="session")
def api(up: Stack) -> SignedIn:
    """The api-server, in the engine's network."""
    return SignedIn(
        url="http://127.0.0.1:8080",
        passwords=account_passwords(read_env_file(up.folder / ".env", {})),
        request=partial(up.engine.inside, httpx.request),
    )


@pytest.fixture(scope="session")
def life(up: Stack, api: SignedIn) -> str:
    """The run of a life cycle whose approval waits, until a test answers it; its address."""
    run = api.start("model_lifecycle", "life", model="here/small", target="small", parts=2)
    up.eventually("the approval waits", lambda: fine(up, api, run).get("approve") == "awaiting_input")
    return run


def fine(up: Stack, api: SignedIn, run: str) -> dict[str, str]:
    """The state of each task of a run, of which none has failed."""
    states = {task["task_id"]: task["state"] for task in api.get(f"{run}/taskInstances")["task_instances"]}
    assert not {"failed", "upstream_failed"} & set(states.values()), f"{states}\n{up.story()}"
    return states
