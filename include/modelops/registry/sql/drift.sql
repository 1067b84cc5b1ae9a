-- name: newest_run
-- The newest published run of a deployment for a data interval, or for all times, superseded or not.
SELECT id, rows FROM modelops.batch_run
WHERE deployment_id = :deployment_id AND covers = tstzrange(:start, :end) AND part IS NULL AND published_at IS NOT NULL
ORDER BY id DESC LIMIT 1;

-- name: run_of_task
-- The run that a completed batch has published, or whose result it has returned.
SELECT run.id, run.rows FROM modelops.job JOIN modelops.batch_run AS run ON run.id = (job.result ->> 'run')::bigint
WHERE job.dag_id = :dag_id AND job.run_id = :run_id AND job.task_id = :task_id AND job.map_index = :map_index
  AND job.status = 'completed' AND run.deployment_id = :deployment_id;

-- name: add!
-- Records the result of a drift check for one column.
INSERT INTO modelops.drift (job_id, attempt, run_id, role, variable, verdict, reason, reference_rows, rows, bins, psi, shift,
  p_value, lower_bound, natural_variation, detectable_shift, most_moved, reference_id, evaluation_id)
VALUES (:job_id, :attempt, :run_id, :role, :variable, :verdict, :reason, :reference_rows, :rows, :bins, :psi, :shift,
  :p_value, :lower_bound, :natural_variation, :detectable_shift, :most_moved, :reference_id, :evaluation_id);
