-- Applied once the rows are in: checked for all rows at a time, they cost 0.1 s instead of 3 s.
-- flights.tailnum and flights.dest have none, because the source doesn't know every plane and every airport.

ALTER TABLE flights.weather ADD FOREIGN KEY (origin) REFERENCES flights.airports;
ALTER TABLE flights.flights ADD FOREIGN KEY (origin) REFERENCES flights.airports;
ALTER TABLE flights.flights ADD FOREIGN KEY (carrier) REFERENCES flights.airlines;
