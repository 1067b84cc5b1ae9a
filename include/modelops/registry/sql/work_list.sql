-- name: pending
-- The times that a deployment after a feature table still has to make.
SELECT DISTINCT lower(covers) AS start, upper(covers) AS "end" FROM modelops.work_list(:deployment_id)
WHERE is_pending AND published_at >= modelops.processed_until(:deployment_id) ORDER BY 1 NULLS FIRST, 2;

-- name: note_progress!
-- Records until when all publications in a work list are processed, so that later reads skip them.
SELECT modelops.note_progress(:deployment_id);

-- name: shown_among
-- The published intervals that overlap with these times, in a target whose intervals are replaced as a whole.
SELECT lower(run.covers) AS start, upper(run.covers) AS "end"
FROM modelops.deployment JOIN modelops.batch_run AS run ON run.target = deployment.target
WHERE deployment.id = :deployment_id AND run.shows IS NULL AND run.covers <> '(,)'
  AND run.visible_covers && ANY (SELECT tstzrange(start, "end") FROM unnest(:starts::timestamptz[], :ends::timestamptz[]) AS each (start, "end"));

-- name: least_tried
-- The :most times, of these, with the fewest failed attempts.
SELECT start, "end" FROM (
  SELECT each.start, each."end"
  FROM unnest(:starts::timestamptz[], :ends::timestamptz[]) AS each (start, "end")
  LEFT JOIN (
    SELECT covers, count(*) AS number FROM modelops.batch_run
    WHERE deployment_id = :deployment_id AND published_at IS NULL AND whole_id IS NULL GROUP BY covers
  ) AS tried ON tried.covers = tstzrange(each.start, each."end")
  ORDER BY coalesce(tried.number, 0), each.start LIMIT :most
) AS chosen ORDER BY start;

-- name: newest
-- The times of the newest publication that a deployment follows.
SELECT lower(covers) AS start, upper(covers) AS "end" FROM modelops.work_list(:deployment_id) ORDER BY published_at DESC, source_id DESC LIMIT 1;

-- name: due
-- The publications since a deployment has followed the table, latest first, and whether each is pending.
SELECT coalesce(lower(covers), '-infinity') AS start, coalesce(upper(covers), 'infinity') AS "end", bool_or(is_pending) AS is_pending
FROM modelops.work_list(:deployment_id)
WHERE covers <> '(,)' AND coalesce(upper(covers), 'infinity') <= coalesce(:before::timestamptz, 'infinity')
GROUP BY 2, 1 ORDER BY 2 DESC, 1 DESC LIMIT :limit;

-- name: note_seen!
-- Records which pending publications a whole run will see: those that are committed before it reads.
INSERT INTO modelops.batch_run_source (run_id, source_id)
SELECT :run_id, source_id FROM modelops.work_list(:deployment_id)
WHERE is_pending AND published_at >= modelops.processed_until(:deployment_id);

-- name: note_seen_of_interval!
-- The same for the run of an interval, with the index of intervals.
INSERT INTO modelops.batch_run_source (run_id, source_id)
SELECT :run_id, source_id FROM modelops.work_list(:deployment_id)
WHERE is_pending AND covers <@ tstzrange(:start, :end) AND coalesce(upper(covers), 'infinity') BETWEEN :start AND :end;

-- name: note_seen_by_parts!
-- Records that a batch has seen the publications that all of its partitions have seen.
INSERT INTO modelops.batch_run_source (run_id, source_id)
SELECT part.whole_id, seen.source_id
FROM modelops.batch_run AS part JOIN modelops.batch_run_source AS seen ON seen.run_id = part.id
WHERE part.whole_id = :run_id
GROUP BY part.whole_id, seen.source_id
HAVING count(*) = (SELECT count(*) FROM modelops.batch_run AS part WHERE part.whole_id = :run_id);
