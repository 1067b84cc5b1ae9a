-- Only what is known before departure: nothing here may come from dep_time, arr_time, air_time or a delay.
SELECT
    f.flight_id,
    f.time_hour,
    f.month,
    extract(isodow FROM make_date(f.year, f.month, f.day))::smallint AS day_of_week,
    f.hour                 AS departure_hour,
    f.minute               AS departure_minute,
    f.sched_arr_time / 100 AS arrival_hour,
    f.sched_arr_time % 100 AS arrival_minute,
    f.carrier,
    f.origin,
    f.dest,
    f.distance,
    f.year - p.year        AS plane_age,
    p.seats                AS plane_seats,
    p.engine               AS plane_engine,
    p.manufacturer         AS plane_manufacturer,
    w.temp,
    w.dewp,
    w.humid,
    w.wind_dir,
    w.wind_speed,
    w.wind_gust,
    w.precip,
    w.pressure,
    w.visib
FROM flights.flights AS f
LEFT JOIN flights.planes AS p USING (tailnum)
LEFT JOIN flights.weather AS w USING (origin, time_hour)
WHERE f.time_hour >= current_setting('modelops.interval_start')::timestamptz
  AND f.time_hour <  current_setting('modelops.interval_end')::timestamptz
