"""The effects of retries, clears and other interventions, for job types that have them in common."""

from modelops.domain.declaration import Attempts

APPROVAL = Attempts(
    retry="It shows the version to the reviewers again. A recorded decision is returned.",
    clear="A recorded decision on the same version is returned, including a rejection. Without one, the version "
    "is shown to the reviewers again.",
    stop="The version waits for a decision, and the tasks after it are `skipped`. Clear the job to ask again.",
    marked_as_success="This is not an approval: the version waits for a decision, and its deployment fails at once.",
)
DEPLOYMENT = Attempts(
    retry="It checks the version that the first attempt chose again. The current deployment of the target stays until "
    "the job completes.",
    clear="A recorded deployment of the same version is returned, even if it has ended. Start another run to deploy "
    "the version again.",
    stop="Nothing has changed.",
    marked_as_success="Nothing is deployed.",
)
RETIREMENT = Attempts(
    retry="It ends the deployment; if it has done so, it returns the recorded result.",
    clear="The recorded result is returned.",
    stop="The deployment stays active, unless the job is `completed`.",
    marked_as_success="The deployment stays active.",
)
BATCH = Attempts(
    retry="It starts again, as another batch run. Readers never see the rows of the first one.",
    clear="It computes the rows again; their publication replaces the previous run.",
    stop="Readers still see the previous rows.",
    marked_as_success="Nothing is published.",
)
CHANGE = Attempts(
    retry="It makes the change; if it has done so, it returns the recorded result.",
    clear="The recorded result is returned.",
    stop="Nothing has changed, unless the job is `completed`.",
    marked_as_success="Nothing has changed.",
)
