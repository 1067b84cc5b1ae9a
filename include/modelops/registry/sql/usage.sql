-- name: of_job
-- What the user code of a job has used.
SELECT type, split_part(left(subject, 250), ' ', 1) AS model, peak_memory, peak_allocated, cpu_seconds
FROM modelops.job WHERE id = :id;

-- name: recent
-- The most that the last completed jobs of a model and a type have used, of the jobs that the reader may see.
SELECT count(*) AS jobs, max(peak_memory) AS peak_memory, max(peak_allocated) AS peak_allocated,
       max(cpu_seconds) AS cpu_seconds
FROM (SELECT peak_memory, peak_allocated, cpu_seconds FROM modelops.job
      WHERE split_part(left(subject, 250), ' ', 1) = :model AND type = :type
        AND peak_memory IS NOT NULL AND status = 'completed' AND dag_id = ANY(:dag_ids)
      ORDER BY created_at DESC, id DESC LIMIT :limit) AS job;

-- name: requested
-- The resources that the version of a job requests.
SELECT version.resources FROM modelops.job JOIN modelops.version ON version.id = job.version_id WHERE job.id = :id;
