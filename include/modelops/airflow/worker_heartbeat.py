"""The heartbeat of a Celery worker."""

from __future__ import annotations

from modelops.heartbeat import beat


def beat_with_celery() -> None:
    """Update the heartbeat file whenever the worker sends a heartbeat to its broker, every two seconds.

    A worker that has lost its broker, or whose main loop hangs, sends no heartbeat.
    """
    from celery.signals import heartbeat_sent

    heartbeat_sent.connect(_beat, weak=False)


def _beat(**_: object) -> None:
    beat()
