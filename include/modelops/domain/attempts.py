"""What another attempt, or a person's intervention, does to the jobs of more than one type."""

from modelops.domain.declaration import Attempts

APPROVAL = Attempts(
    retry="It asks the reviewers again. A recorded decision is returned.",
    clear="A recorded decision on the same version is returned, a rejection too. Without one it asks again.",
    stop="The version waits for a decision, and the tasks after it are `skipped`. Clear the job to ask again.",
    marked_as_success="That is no approval: the version waits for a decision, and its deployment fails at once.",
)
DEPLOYMENT = Attempts(
    retry="It keeps to the version that the first attempt chose, and checks it again. What serves the target stays "
    "until the end.",
    clear="A recorded deployment of the same version is returned, also one that has ended. Start another run to deploy "
    "it again.",
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
    retry="It starts again as another run. Readers never see the rows of the first one.",
    clear="It makes the rows again; what it publishes replaces the run before.",
    stop="Readers see what they saw before.",
    marked_as_success="Nothing is published.",
)
CHANGE = Attempts(
    retry="It makes the change; if it has done so, it returns the recorded result.",
    clear="The recorded result is returned.",
    stop="Nothing has changed, unless the job is `completed`.",
    marked_as_success="Nothing has changed.",
)
