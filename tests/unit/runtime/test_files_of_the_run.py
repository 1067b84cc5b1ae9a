"""The files by which a job and the code that it runs speak with each other, whatever the code makes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from unit.runtime.models import failure_of

if TYPE_CHECKING:
    from unit.runtime.models import Model


def test_an_outcome_of_an_earlier_run_does_not_count(model: Model) -> None:
    model.workdir.mkdir()
    (model.workdir / "outcome.json").write_text('{"ok": true}')
    failure_of(model.write("import os\ndef train(context):\n    os._exit(0)"))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"ok": 1}', '{"error": {"kind": "exit"}}', '{"error": 3}', "\udcff"])
def test_an_outcome_that_makes_no_sense_is_none(model: Model, text: str) -> None:
    model.write(f"""
        import os

        def train(context):
            with open("../outcome.json", "wb") as file:
                file.write({text.encode(errors="surrogateescape")!r})
            os._exit(1)
    """)
    assert failure_of(model).what == "the process that ran train() ended in the middle with exit code 1"


@pytest.mark.usefixtures("unconfined")
@pytest.mark.parametrize("name", ["outcome.json", "assignment.json", "scratch"])
@pytest.mark.parametrize("put", ["os.mkfifo({!r})", "os.symlink('../secrets', {!r})", "os.mkdir({!r})"])
def test_what_the_code_puts_in_the_place_of_our_files(model: Model, name: str, put: str) -> None:
    """It isn't waited for, read or written to, neither after this run nor in the next one."""
    (model.tmp_path / "secrets").write_text('{"ok": true}')
    model.write(f"""
        import os, shutil

        def train(context):
            os.chdir("..")
            shutil.rmtree("scratch")
            shutil.rmtree({name!r}, ignore_errors=True)
            if os.path.exists({name!r}):
                os.unlink({name!r})
            {put.format(name)}
            os._exit(1)
    """)
    assert failure_of(model).what == "the process that ran train() ended in the middle with exit code 1"
    model.write("def train(context): ...").run()
    assert (model.tmp_path / "secrets").read_text() == '{"ok": true}'


@pytest.mark.usefixtures("unconfined")
def test_a_work_folder_that_was_replaced(model: Model) -> None:
    model.write(f"""
        import os

        def train(context):
            os.rename({str(model.workdir)!r}, {str(model.tmp_path / "mine")!r})
            os.mkdir({str(model.workdir)!r})
    """)
    assert failure_of(model).what == "the folder work was removed or replaced"


def test_an_error_of_any_size_is_told_in_a_few_words(model: Model) -> None:
    model.write("""
        def train(context):
            raise type("E" * 1_000_000, (Exception,), {})("m" * 1_000_000)
    """)
    assert len(str(failure_of(model))) < 5_000
