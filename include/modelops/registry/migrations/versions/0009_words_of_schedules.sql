-- A new value of an enum. On its own, as PostgreSQL wants a new value committed before it is used.

ALTER TYPE modelops.job_type ADD VALUE 'schedule_change';
