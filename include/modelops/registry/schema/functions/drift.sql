-- The reference of a drift check, and the distributions that it has compared.

CREATE OR REPLACE FUNCTION modelops.guard_drift_reference() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  PERFORM FROM modelops.batch_run AS run JOIN modelops.deployment ON deployment.id = run.deployment_id
  WHERE run.id = NEW.run_id
    AND (NEW.reference_id IS NULL OR EXISTS (SELECT FROM modelops.reference
           WHERE reference.id = NEW.reference_id AND reference.version_id = deployment.version_id))
    AND (NEW.evaluation_id IS NULL OR EXISTS (SELECT FROM modelops.evaluation
           WHERE evaluation.id = NEW.evaluation_id AND evaluation.version_id = deployment.version_id));
  IF FOUND THEN RETURN NEW; END IF;
  RAISE EXCEPTION 'the reference isn''t one of the version of run %', NEW.run_id
    USING ERRCODE = 'check_violation', CONSTRAINT = 'drift_reference_of_version';
END $$;
COMMENT ON FUNCTION modelops.guard_drift_reference IS 'Lets a column be compared only with a reference of the version that made the batch.';
CREATE OR REPLACE TRIGGER drift_reference_guard BEFORE INSERT ON modelops.drift
  FOR EACH ROW EXECUTE FUNCTION modelops.guard_drift_reference();

CREATE OR REPLACE FUNCTION modelops.distribution(drift_id bigint)
RETURNS TABLE (bin integer, meaning text, lower double precision, upper double precision, category text,
               reference_rows bigint, rows bigint)
LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
  WITH batch AS (
    SELECT drift.role, drift.variable, drift.reference_id, drift.evaluation_id, deployment.version_id,
           statistics.kind, statistics.values
    FROM modelops.drift
    JOIN modelops.batch_run AS run ON run.id = drift.run_id
    JOIN modelops.deployment ON deployment.id = run.deployment_id
    JOIN modelops.statistics
      ON statistics.run_id = drift.run_id AND statistics.role = drift.role AND statistics.variable = drift.variable
    WHERE drift.id = drift_id),
  recorded AS (
    SELECT statistics.kind, statistics.values -> 'reference' AS reference
    FROM batch JOIN modelops.statistics ON statistics.reference_id = batch.reference_id
      AND statistics.role = batch.role AND statistics.variable = batch.variable
    UNION ALL
    SELECT statistics.kind, statistics.values -> 'reference'
    FROM batch JOIN modelops.statistics ON statistics.version_id = batch.version_id
      AND statistics.role = batch.role AND statistics.variable = batch.variable
    WHERE num_nonnulls(batch.reference_id, batch.evaluation_id) = 0
    UNION ALL
    SELECT one.value ->> 'kind', one.value #> '{values,reference}'
    FROM batch JOIN modelops.evaluation ON evaluation.id = batch.evaluation_id
    CROSS JOIN jsonb_array_elements(evaluation.statistics) AS one WHERE one.value ->> 'variable' = batch.variable),
  compared AS (
    -- Only if the batch was counted in the bins of the reference.
    SELECT batch.values, reference, reference ? 'edges' AS numeric
    FROM recorded JOIN batch USING (kind)
    WHERE jsonb_typeof(reference) = 'object'
      AND CASE WHEN reference ? 'edges' THEN reference -> 'edges' = batch.values #> '{bins,edges}'
        ELSE batch.values -> 'frequencies' ?& ARRAY(SELECT jsonb_array_elements_text(reference -> 'categories')) END),
  bins AS (
    SELECT edge.place::integer AS bin, CASE edge.place WHEN 1 THEN 'below' ELSE 'between' END AS meaning,
           lag(edge.value) OVER (ORDER BY edge.place)::double precision AS lower, edge.value::double precision AS upper,
           NULL AS category, CASE edge.place WHEN 1 THEN values #>> '{bins,below}'
             ELSE values #>> ARRAY['bins', 'counts', (edge.place - 2)::text] END AS rows
    FROM compared CROSS JOIN jsonb_array_elements_text(reference -> 'edges') WITH ORDINALITY AS edge (value, place)
    WHERE numeric
    UNION ALL
    SELECT jsonb_array_length(reference -> 'edges') + last.place, last.meaning,
           CASE last.meaning WHEN 'above' THEN (reference #>> '{edges,-1}')::double precision END, NULL, NULL, last.rows
    FROM compared CROSS JOIN LATERAL (VALUES
      (1, 'above', values #>> '{bins,above}'), (2, 'null', values ->> 'nulls'),
      (3, 'not_finite', ((values ->> 'nan')::bigint + (values ->> 'positive_infinities')::bigint
                         + (values ->> 'negative_infinities')::bigint)::text)) AS last (place, meaning, rows)
    WHERE numeric
    UNION ALL
    SELECT named.place::integer, 'category', NULL, NULL, named.category, values #>> ARRAY['frequencies', named.category]
    FROM compared CROSS JOIN jsonb_array_elements_text(reference -> 'categories') WITH ORDINALITY AS named (category, place)
    WHERE NOT numeric
    UNION ALL
    SELECT jsonb_array_length(reference -> 'categories') + last.place, last.meaning, NULL, NULL, NULL, last.rows
    FROM compared CROSS JOIN LATERAL (VALUES
      (1, 'rare_or_new', ((values ->> 'rows')::bigint - (values ->> 'nulls')::bigint - coalesce(
         (SELECT sum((values #>> ARRAY['frequencies', category])::bigint)
          FROM jsonb_array_elements_text(reference -> 'categories') AS category), 0))::text),
      (2, 'null', values ->> 'nulls')) AS last (place, meaning, rows)
    WHERE NOT numeric),
  reference_counts AS (
    SELECT one.place::integer AS bin, sum(one.count::bigint)::bigint AS rows
    FROM compared CROSS JOIN jsonb_array_elements(reference -> 'blocks') AS block
    CROSS JOIN jsonb_array_elements_text(block.value) WITH ORDINALITY AS one (count, place) GROUP BY one.place)
  SELECT bins.bin, bins.meaning, bins.lower, bins.upper, bins.category, reference_counts.rows, bins.rows::bigint
  FROM bins JOIN reference_counts USING (bin) ORDER BY bins.bin
$$;
COMMENT ON FUNCTION modelops.distribution IS
  'For a row of modelops.drift, the number of rows in each bin of the column, in the reference and in the batch run; nothing if the run was not counted in the bins of the reference. meaning is below, between, above, category, rare_or_new, null or not_finite. A range includes its lower end and excludes its upper one; the last one includes both. Of categories, half of the rows of the reference are counted: the other half has chosen them.';

REVOKE ALL ON FUNCTION modelops.guard_drift_reference, modelops.distribution FROM PUBLIC;
GRANT EXECUTE ON FUNCTION modelops.distribution TO modelops_jobs, modelops_reader;
