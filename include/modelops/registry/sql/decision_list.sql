-- name: awaited
-- Approvals that await a decision, those that wait longest first, without those that the person requested or that name other
-- approvers. The reader must check the rest of the rules.
SELECT job.id AS job_id, job.type, job.dag_id, version.kind, version.name, version.number, request.id, request.version_id,
       request.digest, request.approvers, request.asked_at, modelops.requesters(request.version_id) AS requesters,
       modelops.attempts_without_requester(request.version_id) AS unrequested
FROM modelops.job
JOIN LATERAL (SELECT id, version_id, digest, approvers, asked_at FROM modelops.approval_request
              WHERE job_id = job.id ORDER BY id DESC LIMIT 1) AS request ON true
JOIN modelops.version ON version.id = request.version_id
JOIN modelops.job AS training ON training.id = version.job_id
WHERE job.status = 'awaiting_approval' AND job.type = ANY(:types::modelops.job_type[])
  AND job.dag_id = ANY(:deciding::text[]) AND training.dag_id = ANY(:dag_ids)
  AND version.created_by <> :person AND (request.approvers = '{}' OR :person = ANY(request.approvers))
ORDER BY job.created_at, job.id
LIMIT :limit;

-- name: evidence
-- Of approval requests: the newest evaluation and that of the champion, without the statistics of columns.
SELECT id, evidence #> '{evaluations,-1}' #- '{statistics}' AS newest,
       CASE WHEN evidence -> 'champion' <> 'null' THEN evidence -> 'champion' #- '{statistics}' END AS champion
FROM modelops.approval_request WHERE id = ANY(:ids::bigint[]);
