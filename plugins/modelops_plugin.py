"""Declares the extensions of Airflow's web server. All Airflow processes load this file, so it imports little."""

import logging
from functools import cached_property

from airflow.plugins_manager import AirflowPlugin

from modelops.airflow.timetables import TicksSince


def _approval_middleware(app):
    """Create the middleware when the web server starts, so that other processes do not import it."""
    from modelops.jobs_api.approval_middleware import ApprovalMiddleware

    return ApprovalMiddleware(app)


def _form_suggestions(app):
    """Create the middleware when the web server starts, so that other processes do not import it."""
    from modelops.jobs_api.suggestions import FormSuggestions

    return FormSuggestions(app)


def _unsupported_models(app):
    """Create the middleware when the web server starts, so that other processes do not import it."""
    from modelops.jobs_api.unsupported_models import UnsupportedModelMiddleware

    return UnsupportedModelMiddleware(app)


class ModelOpsPlugin(AirflowPlugin):
    """The middlewares for approvals, for suggestions in trigger forms and for models that can't run, the jobs API, the
    view, and the timetable of deployments."""

    name = "modelops"
    timetables = [TicksSince]
    fastapi_root_middlewares = [
        {"name": "Answers to approvals", "middleware": _approval_middleware, "args": [], "kwargs": {}},
        {"name": "Suggestions of trigger forms", "middleware": _form_suggestions, "args": [], "kwargs": {}},
        {"name": "Requests for models that can't run", "middleware": _unsupported_models, "args": [], "kwargs": {}},
    ]

    @cached_property
    def fastapi_apps(self):
        """The API of the jobs. An error here must not prevent the web server from starting."""
        return self._load("mounted")

    @cached_property
    def react_apps(self):
        """The pages of the view. An error here must not prevent the web server from starting."""
        return self._load("pages")

    @staticmethod
    def _load(part):
        try:
            from modelops.jobs_api import app

            return getattr(app, part)()
        except Exception:
            logging.getLogger(__name__).exception("The view of the jobs can't be loaded")
            return []
