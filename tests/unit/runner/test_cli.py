"""The command line: what it takes and what it says to wrong use."""

from __future__ import annotations

import io
import subprocess
from typing import TYPE_CHECKING

import pytest

from modelops.development import commands as development
from modelops.domain.errors import BadInput, Unavailable
from modelops.runner import cli, state
from modelops.runner.health import dag_files
from modelops.runner.installation import Installation
from modelops.runner.layout import Layout
from modelops.runner.steps import Steps
from modelops.runner.supervisor import describe_exit

if TYPE_CHECKING:
    from pathlib import Path

COMMANDS = (
    "demo",
    "up",
    "down",
    "status",
    "reset",
    "test",
    "bench",
    "faults",
    "lint",
    "migrate",
    "psql",
    "lock",
    "check",
    "check-connections",
    "init",
    "prune",
)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        cli.main([command, "--help"])
    assert capsys.readouterr().out.startswith(f"usage: modelops {command}")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["upp"], "invalid choice: 'upp'"),
        (["up", "--detached"], "unrecognized arguments of `up`: --detached"),
        (["psql", "--role", "root"], "invalid choice: 'root'"),
        (["prune"], "one of the arguments --older-than --environments is required"),
        (["prune", "--environments", "--older-than", "3"], "not allowed with argument --environments"),
        (["check"], "the following arguments are required: FOLDER"),
        (["init", "risk", "--target", "late"], "the following arguments are required: --from-table"),
    ],
)
def test_wrong_use_gets_one_sentence(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        cli.main(arguments)
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The programs that would have been started."""
    programs: list[tuple[str, ...]] = []

    def note(*program: str, **_: object) -> int:
        programs.append(program)
        return 0

    monkeypatch.setattr(development, "_tool", note)
    monkeypatch.setattr(development, "BROWSER", "sh")  # there is one, whatever the machine has
    return programs


@pytest.mark.parametrize(
    ("codes", "code"), [((0, 0), 0), ((1, 0), 1), ((0, 1), 1), ((5, 0), 0), ((0, 5), 0), ((5, 5), 5), ((5, 1), 1)]
)
def test_all_tests_fail_if_one_part_does(codes: tuple[int, int], code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """But not where the arguments choose no test of a part."""
    of_others, of_e2e = codes
    monkeypatch.setattr(development, "_tool", lambda *program, **_: of_e2e if "tests/e2e" in program else of_others)
    assert development.test(["-k", "layout"]) == code


def test_what_is_measured(started: list[tuple[str, ...]]) -> None:
    for nothing in ([], ["elephants"], ["--write"]):
        with pytest.raises(BadInput, match=r"(?s)there is no benchmark .*lists or parts"):
            development.bench(nothing)
    development.bench(["lists", "--rounds", "3"])
    assert started == [("python", "-m", "bench.lists", "--rounds", "3")]


def test_faults_are_of_batches_or_of_a_cluster(started: list[tuple[str, ...]]) -> None:
    chosen = ("--kills", "3", "--seed", "5")
    assert development.faults(kills=3, seed=5, write=False) == 0
    assert development.faults(kills=3, seed=5, write=True, of_cluster=True) == 0
    assert started == [("python", "-m", "faults", *chosen), ("python", "-m", "cluster", *chosen, "--write")]
    with pytest.raises(BadInput, match="--kills is 0"):
        development.faults(kills=0, seed=5, write=False, of_cluster=True)


def test_tests_that_are_not_there_are_told_from_options_for_pytest(started: list[tuple[str, ...]]) -> None:
    with pytest.raises(BadInput, match="there are no tests 'units'"):
        development.test(["units"])
    development.test(["unit", "-k", "layout"])
    development.test(["-x"])
    development.test(["tests/unit/test_settings.py::test_one"])
    parallel = development.PARALLEL_OPTIONS
    started[1:3] = sorted(started[1:3], key=len, reverse=True)  # they begin at the same time
    assert started == [
        ("python", "-m", "pytest", *parallel, "tests/unit", "-k", "layout"),
        ("python", "-m", "pytest", *parallel, "tests/unit", "tests/integration", "tests/dags", "-x"),
        ("python", "-m", "pytest", "tests/e2e", "-x"),
        ("python", "-m", "pytest", "tests/unit/test_settings.py::test_one"),
    ]


def test_several_parts_of_the_tests(started: list[tuple[str, ...]]) -> None:
    """Without this, pytest got the names of the other parts, which are no paths of tests."""
    development.test(["unit", "e2e", "dags", "--write-docs"])
    assert started == [
        ("python", "-m", "pytest", *development.PARALLEL_OPTIONS, "tests/unit", "tests/dags", "--write-docs"),
        ("python", "-m", "pytest", "tests/e2e", "--write-docs"),
    ]


def test_what_tests_start_finds_our_modules_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    given: list[dict[str, str]] = []

    def start(command: object, *, env: dict[str, str], **_: object) -> subprocess.CompletedProcess[str]:
        given.append(env)
        return subprocess.CompletedProcess([], 0)

    monkeypatch.setattr(development.subprocess, "run", start)
    assert development.test(["unit"]) == 0
    assert ["PYTHONDONTWRITEBYTECODE" in env for env in given] == [False]


def test_each_lock_is_made_by_the_command_in_its_header(started: list[tuple[str, ...]]) -> None:
    development.lock()
    for command, name in zip(started, ("requirements", "requirements-cluster"), strict=True):
        assert command[:3] == ("uv", "pip", "compile")
        assert "--generate-hashes" in command
        assert command[-3:] == (f"{name}.in", "-o", f"{name}.txt")


def test_a_file_of_secrets_that_is_there_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".env.example").write_text("A_SECRET=\n", encoding="utf-8")
    monkeypatch.setattr("modelops.settings.PROJECT_ROOT", tmp_path)
    assert cli.main(["cluster", "env"]) == 0
    written = (tmp_path / ".env").read_text(encoding="utf-8")
    assert str(tmp_path / ".env") in capsys.readouterr().out
    assert cli.main(["cluster", "env"]) == 1
    assert "was not changed" in capsys.readouterr().err
    assert (tmp_path / ".env").read_text(encoding="utf-8") == written


def test_status_of_what_has_never_run_is_3(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MODELOPS_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(cli, "_stop_on_signals", lambda _: None)
    assert cli.main(["status"]) == 3
    assert "Not running" in capsys.readouterr().out
    assert not (tmp_path / "home").exists(), "asking must not make anything"


def test_code_that_changed_under_a_running_installation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As after a `git pull` without `down`: told and refused."""
    monkeypatch.setenv("MODELOPS_HOME", str(tmp_path))
    monkeypatch.setattr(cli, "_stop_on_signals", lambda _: None)
    layout = Layout(home=tmp_path)
    layout.prepare()
    with state.locked(layout, command="up") as hold:
        hold.update(url="http://127.0.0.1:1", ready=True)
        cli.main(["status"])
        assert "The code has changed" not in capsys.readouterr().out
        hold.update(code="before the pull")
        assert cli.main(["status"]) == 1
        assert (
            "! The code has changed since the installation was started: run `./modelops down`"
            in capsys.readouterr().out
        )
        for command in (["up"], ["up", "--detach"], ["demo"]):
            assert cli.main(command) == 1
            said = capsys.readouterr().err
            assert f"where: ./modelops {command[0]}\n" in said
            assert "`./modelops down`, then `./modelops up`, which migrates the databases" in said


def test_reset_without_anybody_to_ask_removes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "kept").write_text("")
    monkeypatch.setenv("MODELOPS_HOME", str(tmp_path))
    monkeypatch.setattr(cli, "_stop_on_signals", lambda _: None)
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert cli.main(["reset"]) == 1
    assert "--yes" in capsys.readouterr().err
    assert (tmp_path / "kept").exists()


def test_reset_keeps_the_models_environments_unless_all_shall_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    monkeypatch.setenv("MODELOPS_HOME", str(home))
    monkeypatch.setattr(cli, "_stop_on_signals", lambda _: None)
    for folder in ("environments", "postgres", "artifacts"):
        (home / folder).mkdir(parents=True)
    assert cli.main(["reset", "--yes"]) == 0
    assert [path.name for path in home.iterdir()] == ["environments"]
    assert cli.main(["reset", "--yes", "--all"]) == 0
    assert not any(home.iterdir())


def test_a_port_that_is_no_number_is_refused(tmp_path: Path) -> None:
    installation = Installation(tmp_path, environ={"AIRFLOW__API__PORT": "web"})
    with pytest.raises(BadInput, match="'web' is not a port"):
        _ = installation.url


def test_a_dag_file_names_airflow_and_dags(tmp_path: Path) -> None:
    (tmp_path / "part").mkdir()
    (tmp_path / "part" / "flow.py").write_text("from airflow.sdk import DAG\n")
    (tmp_path / "helper.py").write_text("import airflow\n")
    (tmp_path / "notes.md").write_text("airflow dag")
    assert dag_files(tmp_path) == {"part/flow.py"}


def test_a_step_is_told_with_its_time_also_when_it_fails() -> None:
    shown = io.StringIO()
    steps = Steps(shown)
    with steps.step("PostgreSQL started"):
        pass
    with pytest.raises(Unavailable), steps.step("Registry migrated"):
        raise Unavailable("no answer")
    done, failed = shown.getvalue().splitlines()
    assert done.startswith("✓ PostgreSQL started ")
    assert done.endswith(" 0.0 s")
    assert failed.startswith("✗ Registry migrated ")


def test_a_closed_terminal_does_not_stop_the_work() -> None:
    gone = io.StringIO()
    steps = Steps(gone)
    gone.close()
    with steps.step("PostgreSQL started"):
        pass


def test_an_end_is_told_in_words() -> None:
    assert describe_exit(3) == "exit code 3"
    assert describe_exit(-9) == "killed by SIGKILL"
    assert describe_exit(-99) == "killed by signal 99"
