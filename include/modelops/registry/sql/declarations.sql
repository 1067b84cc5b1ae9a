-- name: job_types
-- The job types that the database knows, in their order.
SELECT unnest(enum_range(NULL::modelops.job_type))::text AS value;

-- name: stages
-- The job type of each stage.
SELECT kind::text, stage, job_type::text FROM modelops.stage;

-- name: transitions
-- The state machine.
SELECT kind::text, from_status::text, to_status::text, job_type::text, meaning FROM modelops.transition;

-- name: add_stage!
-- Adds the job type of a stage.
INSERT INTO modelops.stage (kind, stage, job_type) VALUES (:kind, :stage, :job_type);

-- name: add_transition!
-- Adds a step of the state machine.
INSERT INTO modelops.transition (kind, from_status, to_status, job_type, meaning)
VALUES (:kind, :from_status, :to_status, :job_type, :meaning);
