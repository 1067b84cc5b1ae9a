SELECT id,
       x0 + x1 + x2 + x3 + x4                            AS total,
       (x0 + x1 + x2 + x3 + x4) / 5                      AS mean,
       greatest(x5, x6, x7) - least(x5, x6, x7)          AS spread,
       x8 / (2 + x9)                                     AS ratio,
       sin(x0)                                           AS sine,
       sqrt(abs(x1))                                     AS root,
       (x2 * 1000)::integer                              AS whole,
       sign(x3)::smallint                                AS sign,
       CASE WHEN x4 < 0 THEN 'negative' ELSE 'positive' END AS label,
       x5 > 0.9                                          AS high
FROM public.measured
