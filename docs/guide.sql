-- The guide's shop, as a script for `larder try docs/guide.sql`.
-- `@expect` makes it a test: the exit status is 1 if an expectation is not met or an answer is stale.

CREATE TABLE genre (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE track (
    id               INTEGER PRIMARY KEY,
    name             TEXT NOT NULL,
    genre_id         INTEGER NOT NULL REFERENCES genre (id),
    unit_price_cents INTEGER NOT NULL
);
INSERT INTO genre VALUES (1, 'Rock'), (2, 'Jazz'), (25, 'Opera');
INSERT INTO track VALUES
    (7, 'Let''s Get It Up', 1, 99), (12, 'Breaking The Rules', 1, 99), (63, 'Desafinado', 2, 99);

-- @expect miss
SELECT id, name, unit_price_cents FROM track WHERE genre_id = 1 ORDER BY id;
-- @expect hit
SELECT id, name, unit_price_cents FROM track WHERE genre_id = 1 ORDER BY id;
-- @expect miss
SELECT count(*) FROM track WHERE genre_id = 1;
-- @expect miss
SELECT track.name, genre.name FROM track JOIN genre ON genre.id = track.genre_id
WHERE track.genre_id = 2 ORDER BY track.id;

-- A whole genre gets a new price: the list shows prices, the count and Jazz do not.
UPDATE track SET unit_price_cents = 129 WHERE genre_id = 1;
-- @expect miss
SELECT id, name, unit_price_cents FROM track WHERE genre_id = 1 ORDER BY id;
-- @expect hit
SELECT count(*) FROM track WHERE genre_id = 1;
-- @expect hit
SELECT track.name, genre.name FROM track JOIN genre ON genre.id = track.genre_id
WHERE track.genre_id = 2 ORDER BY track.id;

-- A change that is taken back: inside, the database; outside, the cache; afterwards, nothing happened.
BEGIN;
UPDATE track SET genre_id = 2 WHERE id = 7;
-- @expect uncached
SELECT count(*) FROM track WHERE genre_id = 1;
-- @conn b
-- @expect hit
SELECT count(*) FROM track WHERE genre_id = 1;
-- @conn a
ROLLBACK;
-- @expect hit
SELECT count(*) FROM track WHERE genre_id = 1;

-- The same change, kept.
BEGIN;
UPDATE track SET genre_id = 2 WHERE id = 7;
COMMIT;
-- @expect miss
SELECT count(*) FROM track WHERE genre_id = 1;
-- @expect miss
SELECT track.name, genre.name FROM track JOIN genre ON genre.id = track.genre_id
WHERE track.genre_id = 2 ORDER BY track.id;
-- @expect uncached
SELECT name FROM track ORDER BY random();
