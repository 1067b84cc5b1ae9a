"""What ModelOps adds to Airflow's web server. A declaration only: Airflow runs every file of this folder."""

import logging
from functools import cached_property

from airflow.plugins_manager import AirflowPlugin

from modelops.airflow.timetables import TicksSince


def _answer_guard(app):
    """Made when the web server starts; other processes that load this file need not know what it imports."""
    from modelops.jobs_api.approval_middleware import ApprovalMiddleware

    return ApprovalMiddleware(app)


def _form_suggestions(app):
    """Likewise."""
    from modelops.jobs_api.suggestions import FormSuggestions

    return FormSuggestions(app)


class ModelOpsPlugin(AirflowPlugin):
    """The door at which an answer to an approval is refused if it can't count, the suggestions of trigger forms, the
    API of the jobs, their view, and the timetable of deployments."""

    name = "modelops"
    timetables = [TicksSince]
    fastapi_root_middlewares = [
        {"name": "Answers to approvals", "middleware": _answer_guard, "args": [], "kwargs": {}},
        {"name": "Suggestions of trigger forms", "middleware": _form_suggestions, "args": [], "kwargs": {}},
    ]

    @cached_property
    def fastapi_apps(self):
        """Asked for by the web server, which must not fail to start for want of this."""
        return self._of_the_web_server("mounted")

    @cached_property
    def react_apps(self):
        """Likewise."""
        return self._of_the_web_server("pages")

    @staticmethod
    def _of_the_web_server(part):
        try:
            from modelops.jobs_api import app

            return getattr(app, part)()
        except Exception:
            logging.getLogger(__name__).exception("There is no view of the jobs")
            return []
