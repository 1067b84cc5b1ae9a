-- New values of the enums. On their own, as PostgreSQL wants a new value committed before it is used.

ALTER TYPE modelops.version_status ADD VALUE 'imported' AFTER 'created';
ALTER TYPE modelops.version_status ADD VALUE 'tested' AFTER 'evaluated';

ALTER TYPE modelops.job_type ADD VALUE 'feature_import';
ALTER TYPE modelops.job_type ADD VALUE 'feature_run';
ALTER TYPE modelops.job_type ADD VALUE 'feature_approval';
ALTER TYPE modelops.job_type ADD VALUE 'feature_deployment';
ALTER TYPE modelops.job_type ADD VALUE 'feature_batch';
ALTER TYPE modelops.job_type ADD VALUE 'feature_retirement';

ALTER TYPE modelops.engine ADD VALUE 'sql';
ALTER TYPE modelops.engine ADD VALUE 'python';

ALTER TYPE modelops.variable_role ADD VALUE 'key';
