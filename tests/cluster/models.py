"""The models that the cluster trains, as their author would write them: one for each lane."""

from __future__ import annotations

from typing import TYPE_CHECKING

from factories import SCORING, model_folder

if TYPE_CHECKING:
    from pathlib import Path

HERE = "here"
"""The repository with the models: a folder that all hosts share."""
LANES = 5
"""As many life cycles may go on at once, each of a model of its own."""
ROWS = 4_000
PARTS = 4
GATE = 0x0C1
"""The first half of the names of the locks that the queries wait for; the second half is the number of the lane."""
GATES = f"""
CREATE SCHEMA IF NOT EXISTS gate;
CREATE OR REPLACE FUNCTION gate.pass(lane integer) RETURNS void LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog AS 'SELECT pg_advisory_xact_lock_shared({GATE}, lane)';
GRANT USAGE ON SCHEMA gate TO modelops_sql;
GRANT EXECUTE ON FUNCTION gate.pass TO modelops_sql;
"""
"""Users' SQL may take no locks itself."""
NAP = 1.0
"""Seconds that each query takes at least, so that it can be disturbed."""
COLUMNS = "i AS id, i / 10.0::float8 AS x, (100 - i)::float8 AS y"
QUERY = """
    WITH gate AS MATERIALIZED (
      SELECT gate.pass({lane}), pg_sleep({nap})
    )
    SELECT {columns} FROM (SELECT count(*) FROM gate) AS passed, generate_series(1, {rows}) AS i
"""
DATASETS = """
entity_key: id
features: [x, y]
targets: [late]
datasets:
  train: >-{train}
  evaluate: >-{evaluate}
  predict: >-{predict}
"""


def write_models(repository: Path) -> None:
    """A repository with the models of all lanes."""
    for lane in range(LANES):

        def query(columns: str, lane: int = lane) -> str:
            return QUERY.format(lane=lane, nap=NAP, columns=columns, rows=ROWS)

        labelled = query(f"{COLUMNS}, i % 2 AS late")
        model_folder(
            repository,
            f"lane{lane}",
            datasets=DATASETS.format(train=labelled, evaluate=labelled, predict=query(COLUMNS)),
            scoring=SCORING,
        )
