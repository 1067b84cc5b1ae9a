-- The jobs of a model, a version or a deployment, newest first, each by equality, so that an index has them in this order.
-- How much a pattern of LIKE fits, the planner can't tell: for a model that there isn't it walked through all jobs.
-- The first word of a subject is the model, the second the version; left(): an index takes no text of any length.

DROP INDEX modelops.job_newest_of_subject;
CREATE INDEX job_newest_of_model ON modelops.job (split_part(left(subject, 250), ' ', 1), created_at, id);
CREATE INDEX job_newest_of_version ON modelops.job
  ((split_part(left(subject, 250), ' ', 1) || ' ' || split_part(left(subject, 250), ' ', 2)), created_at, id);
CREATE INDEX job_newest_of_subject ON modelops.job (left(subject, 250), created_at, id);
