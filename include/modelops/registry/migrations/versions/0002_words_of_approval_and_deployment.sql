-- New values of the enums. On their own, as PostgreSQL wants a new value committed before it is used.

ALTER TYPE modelops.version_status ADD VALUE 'approved' BEFORE 'failed';
ALTER TYPE modelops.version_status ADD VALUE 'rejected' BEFORE 'failed';
ALTER TYPE modelops.version_status ADD VALUE 'deployed' BEFORE 'failed';
ALTER TYPE modelops.version_status ADD VALUE 'retired' BEFORE 'failed';

ALTER TYPE modelops.job_type ADD VALUE 'approval';
ALTER TYPE modelops.job_type ADD VALUE 'deployment';
ALTER TYPE modelops.job_type ADD VALUE 'retirement';
ALTER TYPE modelops.job_type ADD VALUE 'batch_prediction';

ALTER TYPE modelops.job_status ADD VALUE 'awaiting_approval' AFTER 'running';

ALTER TYPE modelops.event ADD VALUE 'awaiting_approval' AFTER 'step';
ALTER TYPE modelops.event ADD VALUE 'refused' AFTER 'awaiting_approval';
ALTER TYPE modelops.event ADD VALUE 'cleared' AFTER 'created';

ALTER TYPE modelops.artifact_role ADD VALUE 'sample';
