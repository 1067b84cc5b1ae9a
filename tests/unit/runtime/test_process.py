"""A model's code in its own process: its inputs, its outputs, and the error for each kind of failure."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

import pytest

from modelops.domain.errors import ChildLost, Unavailable
from modelops.runtime.environment import Environment, Lock
from unit.runtime.models import FAMILY, Model, alive, failure_of, marked

MEBIBYTE = 2**20


def test_a_line_arrives_while_the_code_still_runs(model: Model) -> None:
    heard = model.tmp_path / "heard"
    model.write(f"""
        import sys, time
        from pathlib import Path

        def train(context):
            print("on stdout")
            print("on stderr", file=sys.stderr)
            while not Path({str(heard)!r}).exists():
                time.sleep(0.001)
            print("it was heard")
    """)

    def on_line(line: str) -> None:
        model.lines.append(line)
        if line == "on stderr":
            heard.touch()  # only this lets the code go on

    assert model.run(on_line=on_line) == ["on stdout", "on stderr", "it was heard"]


def test_the_code_gets_no_credentials(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AIRFLOW_CONN_MODELOPS", "MODELOPS_DATABASE_URL", "PGPASSWORD", "AWS_SECRET_ACCESS_KEY", "PYTHONPATH"):
        monkeypatch.setenv(name, "secret")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    model.write("""
        import json, os

        def train(context):
            print(json.dumps(dict(os.environ)))
            print(os.getcwd(), os.listdir())
            print(sorted(int(fd) for fd in os.listdir("/proc/self/fd"))[:-1], os.read(0, 1))
    """)
    environ, where, files = model.run()
    scratch = str(model.workdir / "scratch")
    assert "secret" not in environ
    found = json.loads(environ)
    assert found.pop("PATH").startswith(str(Path(sys.executable).parent))
    assert found == {
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "HOME": scratch,
        "TMPDIR": scratch,
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "MPLBACKEND": "Agg",
        "OMP_WAIT_POLICY": "passive",
        "OMP_NUM_THREADS": "1",
        "MODELOPS_CHILD": model.job_id,
    }
    assert where == f"{scratch} []"
    assert files == "[0, 1, 2] b''"
    assert not Path(scratch).exists()


def test_the_code_imports_its_own_modules_and_nothing_of_ours(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3] / "include"))
    model.write("NAME = 'features'", file="model_modules/features.py").write("""
        import importlib.util, sys
        from model_modules.features import NAME
        from .features import NAME as AGAIN

        def train(context):
            print(NAME, AGAIN, sys.path[0])
            print([name for name in ("modelops", "child", "context", "guard", "_modelops_context")
                   if importlib.util.find_spec(name)])
            print([name for name in ("pandas", "numpy", "pyarrow") if name in sys.modules])
    """)
    assert model.run() == [f"features features {model.folder}", "[]", "[]"]
    assert not list(model.folder.rglob("__pycache__"))


def test_an_exception_is_told_with_its_place_in_the_model(model: Model) -> None:
    model.write("def check(x):\n    raise ValueError(f'{x} is\\n too late')\n", file="model_modules/checks.py")
    model.write("""
        from model_modules.checks import check

        def train(context):
            try:
                1 / 0
            except ZeroDivisionError:
                check("noon")
    """)
    error = failure_of(model)
    assert error.what == "train() raised ValueError: noon is too late"
    assert error.where == "model_modules/checks.py:2"
    assert error.expected == (
        "a train(context, **kwargs) that ends without an error; the traceback is in the log,"
        " and `./modelops check` with the model's folder repeats it on a few rows"
    )
    text = "\n".join(model.lines)
    assert 'File "model_modules/training.py", line 6, in train' in text
    assert "During handling of the above exception" in text
    assert model.lines[-3:] == ["    raise ValueError(f'{x} is\\n too late')", "ValueError: noon is", " too late"]
    assert "child/main.py" not in text
    assert "importlib" not in text


def test_an_exception_in_a_package_is_placed_where_the_model_called_it(model: Model) -> None:
    model.write("import json\n\ndef evaluate(context):\n    json.loads('{')\n", file="model_modules/evaluation.py")
    error = failure_of(model, verb="evaluate")
    assert error.what.startswith("evaluate() raised json.decoder.JSONDecodeError: Expecting property name")
    assert error.where == "model_modules/evaluation.py:4"
    assert any("json/decoder.py" in line for line in model.lines)


@pytest.mark.parametrize(
    ("source", "what", "where", "expected"),
    [
        pytest.param(
            "import sys\ndef train(context):\n    sys.exit(3)",
            "train() left the program with sys.exit(3)",
            "model_modules/training.py:3",
            "return when train() is done",
            id="sys.exit",
        ),
        pytest.param(
            "import sys\ndef train(context):\n    sys.exit()",
            "train() left the program with sys.exit()",
            "model_modules/training.py:3",
            "raise an exception when it can't go on",
            id="sys.exit without a code isn't success",
        ),
        pytest.param(
            "import os\ndef train(context):\n    os._exit(0)",
            "the process that ran train() ended in the middle with exit code 0",
            "model_modules/training.py",
            "a train() that returns or raises an error",
            id="os._exit",
        ),
        pytest.param(
            "import sklearn_of_the_future.tree\ndef train(context): ...",
            "the package 'sklearn_of_the_future' isn't in the model's environment",
            "model_modules/training.py:1",
            "add it to model_modules/requirements.txt, by a line such as sklearn_of_the_future",
            id="missing package",
        ),
        pytest.param(
            "from model_modules.features import f\ndef train(context): ...",
            "the model has no module model_modules.features",
            "model_modules/training.py:1",
            "the file model_modules/features.py in the model's folder",
            id="missing module of the model",
        ),
        pytest.param(
            "from json import read_yaml\ndef train(context): ...",
            "train() raised ImportError: cannot import name 'read_yaml' from 'json'",
            "model_modules/training.py:1",
            "fit together",
            id="a name that the package doesn't have",
        ),
        pytest.param(
            "import json.nothing\ndef train(context): ...",
            "train() raised ModuleNotFoundError: No module named 'json.nothing'",
            "model_modules/training.py:1",
            "fit together",
            id="a module that a package doesn't have",
        ),
        pytest.param(
            "def fit(context): ...",
            "model_modules/training.py has no function train",
            "model_modules/training.py",
            "def train(context, **kwargs): in model_modules/training.py",
            id="missing function",
        ),
        pytest.param(
            "train = 3",
            "model_modules/training.py has no function train",
            "model_modules/training.py",
            "def train(context, **kwargs)",
            id="not a function",
        ),
        pytest.param(
            "def train(): ...",
            "train() raised TypeError: train() takes 0 positional arguments but 1 was given",
            "model_modules/training.py",
            "a train(context, **kwargs)",
            id="no parameter for the context",
        ),
        pytest.param(
            "def train(context):\n    yield 1",
            "train() returned a generator, so none of its code has run",
            "model_modules/training.py",
            "without yield",
            id="a generator",
        ),
        pytest.param(
            "def train(context)\n    pass",
            "train() raised SyntaxError: expected ':' (training.py, line 1)",
            "model_modules/training.py:1",
            "ends without an error",
            id="syntax",
        ),
        pytest.param(
            "def train(context):\n    context.rows",
            "train() raised AttributeError: 'ModelContext' object has no attribute 'rows'",
            "model_modules/training.py:2",
            "ends without an error",
            id="missing attribute",
        ),
        pytest.param(
            "def train(context):\n    raise BaseException",
            "train() raised BaseException",
            "model_modules/training.py:2",
            "ends without an error",
            id="nothing said",
        ),
        pytest.param(
            "def train(context):\n    raise OSError('no file \\udcff')",
            "train() raised OSError: no file ?",
            "model_modules/training.py:2",
            "ends without an error",
            id="text that can't be written",
        ),
        pytest.param(
            "import os\ndef aoa_create_context():\n    os.environ['AOA_CONN_HOST']\n"
            "def train(context):\n    aoa_create_context()",
            "train() called aoa_create_context(), and there is no database connection for the code (train() raised",
            "model_modules/training.py:3",
            "context.read_pandas() or context.read_batches() instead of a connection",
            id="a connection of its own",
        ),
        pytest.param(
            "import teradatasql",
            "the package 'teradatasql' isn't in the model's environment",
            "model_modules/training.py:1",
            "the context gives the rows",
            id="a package that connects to a database",
        ),
        pytest.param(
            "import no_such_module",
            "the package 'no_such_module' isn't in the model's environment",
            "model_modules/training.py:1",
            "look it up in its documentation",
            id="a module whose package nobody knows",
        ),
    ],
)
def test_what_can_be_wrong_with_the_code(model: Model, source: str, what: str, where: str, expected: str) -> None:
    error = failure_of(model.write(source))
    assert error.what.startswith(what)
    assert error.where == where
    assert expected in error.expected


def test_a_model_without_the_file(model: Model) -> None:
    error = failure_of(model.write("", file="model_modules/scoring.py"))
    assert error.what == "the model has no module model_modules.training"
    assert error.expected.startswith("the file model_modules/training.py")


def test_a_package_by_another_name_than_its_module(model: Model) -> None:
    error = failure_of(model.write("import skimage\ndef train(context): ..."))
    assert error.what == "the package 'skimage' isn't in the model's environment"
    assert "a line such as scikit-image;" in error.expected


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("bytearray(2 * 2**30)", id="at once"),
        pytest.param("held = []\n    while True:\n        held.append(bytearray(1_000_000))", id="bit by bit"),
        pytest.param("import numpy\n    numpy.ones(2**28)", id="numpy"),
        pytest.param("import pyarrow\n    pyarrow.allocate_buffer(2**31)", id="arrow"),
    ],
)
def test_the_memory_limit_is_named(model: Model, source: str) -> None:
    error = failure_of(model.write(f"def train(context):\n    {source}"), memory=512 * MEBIBYTE)
    assert error.what.startswith(
        "train() ran out of memory: it may allocate 512 MiB, by MODELOPS_CHILD_MEMORY; it had used "
    )
    assert error.where.startswith("model_modules/training.py:")
    assert "context.read_batches()" in error.expected


def test_code_within_its_memory_is_left_alone(model: Model) -> None:
    model.write("import pyarrow\ndef train(context):\n    print(len(bytearray(2**28)), pyarrow.array([1]).nbytes)")
    assert model.run(memory=512 * MEBIBYTE) == [f"{2**28} 8"]


@pytest.mark.parametrize(
    ("source", "name"),
    [
        pytest.param("import ctypes\ndef train(context):\n    ctypes.string_at(0)", "SIGSEGV", id="SIGSEGV"),
        pytest.param("import os\ndef train(context):\n    os.abort()", "SIGABRT", id="SIGABRT"),
    ],
)
def test_a_crash_in_native_code_is_named(model: Model, source: str, name: str) -> None:
    error = failure_of(model.write(source))
    assert error.what.startswith(f"the process that ran train() ended in the middle with {name}")
    assert error.where == "model_modules/training.py"
    assert "native code" in error.expected
    assert any("training.py" in line and "line 3" in line for line in model.lines), "the log shows the line"
    assert not list(model.tmp_path.rglob("core*"))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_killed_from_outside_is_not_the_codes_fault(model: Model, number: signal.Signals) -> None:
    model.write(f"import os\ndef train(context):\n    os.kill(os.getpid(), {number})")
    with pytest.raises(ChildLost, match=rf"train\(\) was killed from outside by {number.name}") as caught:
        model.run()
    assert ("out of memory" in str(caught.value)) == (number == signal.SIGKILL)


def test_a_guard_that_is_told_to_end_says_nothing_of_memory(model: Model) -> None:
    model.write("import os, time\ndef train(context):\n    print(os.getppid())\n    time.sleep(1000)")
    with pytest.raises(ChildLost, match=r"the guard process of train\(\) was killed or stopped") as caught:
        model.run(on_line=lambda line: os.kill(int(line), signal.SIGTERM))
    assert "memory" not in str(caught.value)


def test_a_crash_after_the_function_has_returned_costs_nothing(model: Model) -> None:
    model.write("import atexit, os\ndef train(context):\n    atexit.register(os.abort)")
    assert model.run()[-1].startswith("train() had returned before its process ended with SIGABRT")


def test_a_fork_of_the_code_has_no_say(model: Model) -> None:
    model.write("""
        import os

        def train(context):
            pid = os.fork()
            if pid == 0:
                raise ValueError("in the fork")
            os.waitpid(pid, 0)
    """)
    assert model.run()[-1] == "ValueError: in the fork"


def test_an_environment_that_is_gone(model: Model) -> None:
    nowhere = Environment(python=model.tmp_path / "bin" / "python", lock=Lock(text="", sha256=""))
    with pytest.raises(Unavailable, match="there is no "):
        model.write("def train(context): ...").run(environment=nowhere)


def test_what_the_code_started_ends_with_it(model: Model) -> None:
    model.write(f"{FAMILY}\n    def train(context):\n        family()")
    (line,) = model.run()
    assert alive(map(int, line.split()[1:])) == []
    assert marked(model.job_id) == []


def test_an_error_in_the_log_ends_the_code(model: Model) -> None:
    model.write(f"{FAMILY}\n    def train(context):\n        family()\n        time.sleep(1000)")

    def on_line(line: str) -> None:
        model.lines.append(line)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model.run(on_line=on_line)
    assert alive(map(int, model.lines[0].split()[1:])) == []
    assert marked(model.job_id) == []
