-- Runs of batches: of predictions, and of feature tables.

CREATE TABLE modelops.batch_run (
  id             bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT batch_run_pkey PRIMARY KEY,
  deployment_id  bigint NOT NULL CONSTRAINT batch_run_deployment REFERENCES modelops.deployment,
  target         text NOT NULL,
  job_id         bigint NOT NULL CONSTRAINT batch_run_job REFERENCES modelops.job,
  attempt        integer NOT NULL,
  fence          bigint NOT NULL,
  covers         tstzrange NOT NULL DEFAULT '(,)' CONSTRAINT batch_run_covers CHECK (NOT isempty(covers)),
  started_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  rows           bigint CONSTRAINT batch_run_rows CHECK (rows >= 0),
  set_aside      bigint CONSTRAINT batch_run_set_aside CHECK (set_aside >= 0),
  published_at   timestamptz,
  superseded_at  timestamptz,
  superseded_by  bigint CONSTRAINT batch_run_superseded_by REFERENCES modelops.batch_run,
  shows          tstzmultirange,
  part           smallint CONSTRAINT batch_run_part CHECK (part >= 0),
  staged_at      timestamptz,
  whole_id       bigint CONSTRAINT batch_run_whole REFERENCES modelops.batch_run,
  visible_covers tstzrange GENERATED ALWAYS AS (CASE WHEN published_at IS NOT NULL AND superseded_at IS NULL THEN covers END) STORED,
  swept_at       timestamptz,
  labels_due_at  timestamptz,
  measured_at    timestamptz,
  CONSTRAINT batch_run_once UNIQUE (job_id, fence),
  CONSTRAINT batch_run_published CHECK (published_at IS NULL OR num_nulls(rows, set_aside) = 0),
  CONSTRAINT batch_run_superseded CHECK (num_nonnulls(superseded_at, superseded_by) IN (0, 2)
                                         AND (superseded_at IS NULL OR published_at IS NOT NULL)),
  CONSTRAINT batch_run_shows CHECK (shows <@ tstzmultirange(covers)
                                    AND (shows IS NULL OR isempty(shows) = (superseded_at IS NOT NULL))),
  CONSTRAINT batch_run_staged CHECK (staged_at IS NULL OR part IS NOT NULL AND num_nulls(rows, set_aside) = 0),
  CONSTRAINT batch_run_part_of_whole CHECK (whole_id IS NULL OR staged_at IS NOT NULL),
  CONSTRAINT batch_run_part_unpublished CHECK (part IS NULL OR published_at IS NULL)
);
COMMENT ON TABLE modelops.batch_run IS
  'One attempt at a batch. Readers see its rows from the moment when it is published until others supersede it.';
COMMENT ON COLUMN modelops.batch_run.covers IS 'The data interval, [start, end); (,) for a batch without an interval.';
COMMENT ON COLUMN modelops.batch_run.shows IS
  'For an incremental feature task, once published: the times for which readers still see its rows. Null: all.';
COMMENT ON COLUMN modelops.batch_run.part IS 'The number of a partition, from 0; null for a whole batch.';
COMMENT ON COLUMN modelops.batch_run.staged_at IS
  'For a partition: when all of its rows were written. Readers do not see them yet.';
COMMENT ON COLUMN modelops.batch_run.whole_id IS 'For a partition: the run that publishes its rows.';
COMMENT ON COLUMN modelops.batch_run.visible_covers IS
  'The data interval while readers see the run, else null; for the planner, which knows how its values are spread.';
COMMENT ON COLUMN modelops.batch_run.swept_at IS
  'When its rows were removed: it was superseded, or can never be published. Such a run stays as it is.';
COMMENT ON COLUMN modelops.batch_run.labels_due_at IS
  'When the labels of a published run are looked up next; null: never, or not again. Written by the database.';
COMMENT ON COLUMN modelops.batch_run.measured_at IS 'When its performance was measured last. Written by the database.';
CREATE INDEX batch_run_deployment ON modelops.batch_run (deployment_id, id);
CREATE INDEX batch_run_visible ON modelops.batch_run (target) WHERE published_at IS NOT NULL AND superseded_at IS NULL;
CREATE UNIQUE INDEX batch_run_part_once ON modelops.batch_run (whole_id, part) WHERE whole_id IS NOT NULL;
CREATE INDEX batch_run_published ON modelops.batch_run (target, published_at) WHERE published_at IS NOT NULL;
CREATE INDEX batch_run_published_interval ON modelops.batch_run
  (target, (coalesce(upper(covers), 'infinity')), (coalesce(lower(covers), '-infinity')), id) WHERE published_at IS NOT NULL;
-- From one interval to the next, and the newest run of each.
CREATE INDEX batch_run_interval ON modelops.batch_run
  (deployment_id, (coalesce(upper(covers), 'infinity')), (coalesce(lower(covers), '-infinity')), id) WHERE whole_id IS NULL;
-- What was published of an interval since a time.
CREATE INDEX batch_run_published_of ON modelops.batch_run (deployment_id, covers, published_at)
  WHERE published_at IS NOT NULL AND part IS NULL;
-- What readers see of a range of times, whichever target it is of.
CREATE INDEX batch_run_visible_covers ON modelops.batch_run USING gist (visible_covers) WHERE visible_covers IS NOT NULL;
-- What is still to be swept: of runs that were never published, and of superseded ones.
CREATE INDEX batch_run_unpublished ON modelops.batch_run (target, id)
  WHERE published_at IS NULL AND whole_id IS NULL AND swept_at IS NULL;
CREATE INDEX batch_run_superseded_at ON modelops.batch_run (target, superseded_at)
  WHERE superseded_at IS NOT NULL AND swept_at IS NULL;
CREATE INDEX batch_run_measured ON modelops.batch_run
  (target, (coalesce(upper(covers), 'infinity')), (coalesce(lower(covers), '-infinity')), id) WHERE measured_at IS NOT NULL;
CREATE INDEX batch_run_labels_due ON modelops.batch_run (deployment_id, labels_due_at) WHERE labels_due_at IS NOT NULL;

GRANT SELECT ON modelops.batch_run TO modelops_jobs, modelops_reader;
GRANT INSERT (deployment_id, job_id, attempt, fence, covers, part) ON modelops.batch_run TO modelops_jobs;
GRANT UPDATE (rows, set_aside, published_at, staged_at, whole_id, swept_at) ON modelops.batch_run TO modelops_jobs;

CREATE TABLE modelops.batch_run_source (
  run_id     bigint NOT NULL CONSTRAINT batch_run_source_run REFERENCES modelops.batch_run,
  source_id  bigint NOT NULL CONSTRAINT batch_run_source_source REFERENCES modelops.batch_run,
  CONSTRAINT batch_run_source_pkey PRIMARY KEY (source_id, run_id)
);
COMMENT ON TABLE modelops.batch_run_source IS
  'The publications of the followed feature table that a run has seen: those that were committed before it read. Append-only.';
COMMENT ON COLUMN modelops.batch_run_source.source_id IS 'The run that published the features.';
CREATE INDEX batch_run_source_of_run ON modelops.batch_run_source (run_id);
GRANT SELECT, INSERT ON modelops.batch_run_source TO modelops_jobs;
GRANT SELECT ON modelops.batch_run_source TO modelops_reader;

CREATE TABLE modelops.set_aside (
  run_id    bigint NOT NULL CONSTRAINT set_aside_run REFERENCES modelops.batch_run,
  position  bigint NOT NULL,
  key       jsonb NOT NULL,
  reason    text NOT NULL,
  CONSTRAINT set_aside_pkey PRIMARY KEY (run_id, position)
);
COMMENT ON TABLE modelops.set_aside IS 'Rejected rows of a batch: position, entity key and reason. Append-only.';
GRANT SELECT, INSERT ON modelops.set_aside TO modelops_jobs;
GRANT SELECT ON modelops.set_aside TO modelops_reader;
