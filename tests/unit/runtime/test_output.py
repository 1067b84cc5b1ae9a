"""What a model's code prints arrives whole, in order, and to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from unit.runtime.models import Model


def test_a_flood_of_output_arrives_whole_and_in_order(model: Model) -> None:
    model.write("def train(context):\n    for n in range(50_000):\n        print(n)")
    assert model.run() == [str(n) for n in range(50_000)]


def test_code_that_closes_its_output_is_waited_for(model: Model) -> None:
    model.write("""
        import os, time
        from pathlib import Path

        def train(context):
            os.close(1)
            os.close(2)
            time.sleep(0.1)
            Path(context.artifact_output_path, "done").touch()
    """)
    assert model.run() == []
    assert (model.output / "done").exists()
