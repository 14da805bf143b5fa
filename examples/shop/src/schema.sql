-- The shop's tables on SQLite. Money is whole cents; times are UTC text.
-- 'SHOP' in ASCII: how the shop knows a file of its own again.
PRAGMA application_id = 0x53484F50;

CREATE TABLE artist (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL
);

CREATE TABLE album (
    id        INTEGER PRIMARY KEY,
    title     TEXT NOT NULL,
    artist_id INTEGER NOT NULL REFERENCES artist (id) ON DELETE CASCADE
);

CREATE TABLE genre (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);

CREATE TABLE media_type (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);

CREATE TABLE track (
    id               INTEGER PRIMARY KEY,
    name             TEXT NOT NULL,
    album_id         INTEGER NOT NULL REFERENCES album (id) ON DELETE CASCADE,
    media_type_id    INTEGER NOT NULL REFERENCES media_type (id) ON DELETE RESTRICT,
    genre_id         INTEGER NOT NULL REFERENCES genre (id) ON DELETE RESTRICT,
    composer         TEXT,
    milliseconds     INTEGER NOT NULL CHECK (milliseconds >= 0),
    bytes            INTEGER NOT NULL CHECK (bytes >= 0),
    unit_price_cents INTEGER NOT NULL CHECK (unit_price_cents >= 0)
);

CREATE TABLE playlist (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL
);

CREATE TABLE playlist_track (
    playlist_id INTEGER NOT NULL REFERENCES playlist (id) ON DELETE CASCADE,
    track_id    INTEGER NOT NULL REFERENCES track (id) ON DELETE CASCADE,
    PRIMARY KEY (playlist_id, track_id)
);

CREATE TABLE employee (
    id            INTEGER PRIMARY KEY,
    first_name    TEXT NOT NULL,
    last_name     TEXT NOT NULL,
    title         TEXT NOT NULL,
    reports_to_id INTEGER REFERENCES employee (id) ON DELETE SET NULL,
    birth_date    TEXT NOT NULL,
    hire_date     TEXT NOT NULL,
    address       TEXT NOT NULL,
    city          TEXT NOT NULL,
    state         TEXT,
    country       TEXT NOT NULL,
    postal_code   TEXT,
    phone         TEXT,
    fax           TEXT,
    email         TEXT NOT NULL
);

CREATE TABLE customer (
    id             INTEGER PRIMARY KEY,
    first_name     TEXT NOT NULL,
    last_name      TEXT NOT NULL,
    company        TEXT,
    address        TEXT NOT NULL,
    city           TEXT NOT NULL,
    state          TEXT,
    country        TEXT NOT NULL,
    postal_code    TEXT,
    phone          TEXT,
    fax            TEXT,
    email          TEXT NOT NULL,
    support_rep_id INTEGER REFERENCES employee (id) ON DELETE SET NULL
);

CREATE TABLE invoice (
    id                  INTEGER PRIMARY KEY,
    customer_id         INTEGER NOT NULL REFERENCES customer (id) ON DELETE RESTRICT,
    invoice_date        TEXT NOT NULL,
    billing_address     TEXT NOT NULL,
    billing_city        TEXT NOT NULL,
    billing_state       TEXT,
    billing_country     TEXT NOT NULL,
    billing_postal_code TEXT,
    total_cents         INTEGER NOT NULL CHECK (total_cents >= 0)
);

-- A track that was sold stays: its invoices name it.
CREATE TABLE invoice_line (
    id               INTEGER PRIMARY KEY,
    invoice_id       INTEGER NOT NULL REFERENCES invoice (id) ON DELETE CASCADE,
    track_id         INTEGER NOT NULL REFERENCES track (id) ON DELETE RESTRICT,
    unit_price_cents INTEGER NOT NULL CHECK (unit_price_cents >= 0),
    quantity         INTEGER NOT NULL CHECK (quantity > 0)
);

-- What a visitor is about to buy; `basket` is the visitor's cookie.
CREATE TABLE basket_line (
    basket   TEXT NOT NULL,
    track_id INTEGER NOT NULL REFERENCES track (id) ON DELETE CASCADE,
    quantity INTEGER NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (basket, track_id)
);

CREATE INDEX artist_by_name ON artist (name);
CREATE INDEX album_by_artist ON album (artist_id, title);
CREATE INDEX track_by_album ON track (album_id);
CREATE INDEX track_by_genre ON track (genre_id, name);
CREATE INDEX track_by_media_type ON track (media_type_id);
CREATE INDEX track_by_name ON track (name);
CREATE INDEX track_by_price ON track (unit_price_cents);
CREATE INDEX playlist_track_by_track ON playlist_track (track_id);
CREATE INDEX employee_by_manager ON employee (reports_to_id);
CREATE INDEX customer_by_name ON customer (last_name, first_name);
CREATE INDEX customer_by_support_rep ON customer (support_rep_id);
CREATE INDEX invoice_by_customer ON invoice (customer_id, invoice_date);
CREATE INDEX invoice_line_by_invoice ON invoice_line (invoice_id);
CREATE INDEX invoice_line_by_track ON invoice_line (track_id);
CREATE INDEX basket_line_by_track ON basket_line (track_id);
