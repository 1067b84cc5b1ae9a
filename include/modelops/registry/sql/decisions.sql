-- name: create_request
-- Creates an approval request with a version's evidence; the database writes the evidence and computes the digest.
INSERT INTO modelops.approval_request (version_id, job_id, attempt, approvers)
VALUES (:version_id, :job_id, :attempt, :approvers)
RETURNING id, version_id, digest, evidence, approvers, modelops.requesters(version_id) AS requesters,
          modelops.attempts_without_requester(version_id) AS unrequested;

-- name: newest_request
-- The newest approval request of a job.
SELECT id, version_id, digest, evidence, approvers, modelops.requesters(version_id) AS requesters,
       modelops.attempts_without_requester(version_id) AS unrequested
FROM modelops.approval_request WHERE job_id = :job_id ORDER BY id DESC LIMIT 1;

-- name: decide
-- Records a person's decision; the database refuses an invalid one.
INSERT INTO modelops.decision (version_id, request_id, job_id, digest, approver, verdict, comment)
VALUES (:version_id, :request_id, :job_id, :digest, :approver, :verdict, :comment)
RETURNING id, version_id, digest, approver, verdict, comment, decided_at;

-- name: approval_of
-- The decision that approved a version.
SELECT id, version_id, digest, approver, verdict, comment, decided_at
FROM modelops.decision WHERE version_id = :version_id AND verdict = 'approved' ORDER BY id LIMIT 1;
