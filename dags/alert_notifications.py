"""Send the notifications of alerts, and start the challengers that their rules require."""

from datetime import timedelta

from airflow.sdk import DAG, AssetOrTimeSchedule, CronTriggerTimetable

from modelops.operators.alert_events import ALERTS_ASSET
from modelops.operators.alerts import ClaimChallengersOperator, SendNotificationsOperator, StartChallengerOperator

with DAG(
    dag_id="alert_notifications",
    dag_display_name="Alert notifications",
    description="Send the notifications of alerts, and start the challengers that their rules require.",
    doc_md="""
    ### Notifications of alerts

    **send** sends the notifications that the ledger lists as due: one when an alert fires, another one if it still
    fires after a snooze, and one when it is resolved. **claim** lists the runs of *Model life cycle* that firing alerts
    start as challengers, and **start** starts them.

    This DAG runs when an alert is raised or resolved, and every hour. A notification that could not be sent stays due.
    """,
    schedule=AssetOrTimeSchedule(timetable=CronTriggerTimetable("0 * * * *", timezone="UTC"), assets=[ALERTS_ASSET]),
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=False,
    tags=["modelops"],
    default_args={
        "owner": "modelops",
        "retries": 2,
        "retry_delay": timedelta(seconds=10),
        "execution_timeout": timedelta(minutes=10),
    },
) as dag:
    SendNotificationsOperator(task_id="send")
    claimed = ClaimChallengersOperator(task_id="claim")
    StartChallengerOperator.partial(task_id="start").expand_kwargs(claimed.output)
