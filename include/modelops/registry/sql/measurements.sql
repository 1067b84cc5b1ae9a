-- name: of_job
-- The newest measurement by a job of each batch whose job the reader may see, latest data interval first.
SELECT found.*
FROM modelops.measurement AS found JOIN modelops.job AS batch ON batch.id = found.batch_job_id
WHERE found.job_id = :id AND batch.dag_id = ANY(:dag_ids)
  AND found.id IN (SELECT max(id) FROM modelops.performance WHERE job_id = :id GROUP BY run_id)
ORDER BY coalesce(interval_end, published_at) DESC, run_id DESC LIMIT :limit;

-- name: of_target
-- The newest measurement of each measured batch of a target whose job the reader may see, latest data interval first.
SELECT found.*
FROM modelops.batch_run AS run
JOIN modelops.job AS batch ON batch.id = run.job_id
CROSS JOIN LATERAL (SELECT id FROM modelops.performance WHERE run_id = run.id ORDER BY id DESC LIMIT 1) AS last
JOIN modelops.measurement AS found ON found.id = last.id
WHERE run.target = :target AND run.measured_at IS NOT NULL AND batch.dag_id = ANY(:dag_ids)
ORDER BY coalesce(upper(run.covers), 'infinity') DESC, coalesce(lower(run.covers), '-infinity') DESC, run.id DESC
LIMIT :limit;

-- name: labels
-- Where the labels of a deployment are, when they are complete, and when the next ones are due.
SELECT truth ->> 'name' AS dataset, truth IS NOT NULL AS has_labels, extract(epoch FROM maturity) / 86400 AS maturity_days,
       (SELECT min(labels_due_at) FROM modelops.batch_run AS run
        WHERE run.deployment_id = deployment.id AND labels_due_at IS NOT NULL) AS next_due_at
FROM modelops.deployment WHERE id = :id;
