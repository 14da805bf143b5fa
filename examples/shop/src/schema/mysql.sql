-- The shop's tables on MySQL and MariaDB. Money is whole cents; times are UTC. Text is compared and
-- sorted letter by letter, as on the other databases.

-- One row, written last: the shop is whole, and this is the name that it was given.
CREATE TABLE IF NOT EXISTS shop (
    identity INT PRIMARY KEY
);

CREATE TABLE IF NOT EXISTS artist (
    id   INT PRIMARY KEY AUTO_INCREMENT,
    name VARCHAR(255) NOT NULL,
    KEY artist_by_name (name)
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS album (
    id        INT PRIMARY KEY AUTO_INCREMENT,
    title     VARCHAR(255) NOT NULL,
    artist_id INT NOT NULL,
    KEY album_by_artist (artist_id, title),
    FOREIGN KEY (artist_id) REFERENCES artist (id) ON DELETE CASCADE
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS genre (
    id   INT PRIMARY KEY AUTO_INCREMENT,
    name VARCHAR(255) NOT NULL UNIQUE
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS media_type (
    id   INT PRIMARY KEY AUTO_INCREMENT,
    name VARCHAR(255) NOT NULL UNIQUE
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS track (
    id               INT PRIMARY KEY AUTO_INCREMENT,
    name             VARCHAR(255) NOT NULL,
    album_id         INT NOT NULL,
    media_type_id    INT NOT NULL,
    genre_id         INT NOT NULL,
    composer         VARCHAR(255),
    milliseconds     INT NOT NULL CHECK (milliseconds >= 0),
    bytes            BIGINT NOT NULL CHECK (bytes >= 0),
    unit_price_cents INT NOT NULL CHECK (unit_price_cents >= 0),
    KEY track_by_album (album_id),
    KEY track_by_genre (genre_id, name),
    KEY track_by_media_type (media_type_id),
    KEY track_by_name (name),
    KEY track_by_price (unit_price_cents),
    FOREIGN KEY (album_id) REFERENCES album (id) ON DELETE CASCADE,
    FOREIGN KEY (media_type_id) REFERENCES media_type (id) ON DELETE RESTRICT,
    FOREIGN KEY (genre_id) REFERENCES genre (id) ON DELETE RESTRICT
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS playlist (
    id   INT PRIMARY KEY AUTO_INCREMENT,
    name VARCHAR(255) NOT NULL
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS playlist_track (
    playlist_id INT NOT NULL,
    track_id    INT NOT NULL,
    PRIMARY KEY (playlist_id, track_id),
    KEY playlist_track_by_track (track_id),
    FOREIGN KEY (playlist_id) REFERENCES playlist (id) ON DELETE CASCADE,
    FOREIGN KEY (track_id) REFERENCES track (id) ON DELETE CASCADE
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS employee (
    id            INT PRIMARY KEY AUTO_INCREMENT,
    first_name    VARCHAR(255) NOT NULL,
    last_name     VARCHAR(255) NOT NULL,
    title         VARCHAR(255) NOT NULL,
    reports_to_id INT,
    birth_date    DATE NOT NULL,
    hire_date     DATE NOT NULL,
    address       VARCHAR(255) NOT NULL,
    city          VARCHAR(255) NOT NULL,
    state         VARCHAR(255),
    country       VARCHAR(255) NOT NULL,
    postal_code   VARCHAR(255),
    phone         VARCHAR(255),
    fax           VARCHAR(255),
    email         VARCHAR(255) NOT NULL,
    KEY employee_by_manager (reports_to_id),
    FOREIGN KEY (reports_to_id) REFERENCES employee (id) ON DELETE SET NULL
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS customer (
    id             INT PRIMARY KEY AUTO_INCREMENT,
    first_name     VARCHAR(255) NOT NULL,
    last_name      VARCHAR(255) NOT NULL,
    company        VARCHAR(255),
    address        VARCHAR(255) NOT NULL,
    city           VARCHAR(255) NOT NULL,
    state          VARCHAR(255),
    country        VARCHAR(255) NOT NULL,
    postal_code    VARCHAR(255),
    phone          VARCHAR(255),
    fax            VARCHAR(255),
    email          VARCHAR(255) NOT NULL,
    support_rep_id INT,
    KEY customer_by_name (last_name, first_name),
    KEY customer_by_support_rep (support_rep_id),
    FOREIGN KEY (support_rep_id) REFERENCES employee (id) ON DELETE SET NULL
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS invoice (
    id                  INT PRIMARY KEY AUTO_INCREMENT,
    customer_id         INT NOT NULL,
    invoice_date        DATETIME(6) NOT NULL,
    billing_address     VARCHAR(255) NOT NULL,
    billing_city        VARCHAR(255) NOT NULL,
    billing_state       VARCHAR(255),
    billing_country     VARCHAR(255) NOT NULL,
    billing_postal_code VARCHAR(255),
    total_cents         INT NOT NULL CHECK (total_cents >= 0),
    KEY invoice_by_customer (customer_id, invoice_date),
    FOREIGN KEY (customer_id) REFERENCES customer (id) ON DELETE RESTRICT
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- A track that was sold stays: its invoices name it.
CREATE TABLE IF NOT EXISTS invoice_line (
    id               INT PRIMARY KEY AUTO_INCREMENT,
    invoice_id       INT NOT NULL,
    track_id         INT NOT NULL,
    unit_price_cents INT NOT NULL CHECK (unit_price_cents >= 0),
    quantity         INT NOT NULL CHECK (quantity > 0),
    KEY invoice_line_by_invoice (invoice_id),
    KEY invoice_line_by_track (track_id),
    FOREIGN KEY (invoice_id) REFERENCES invoice (id) ON DELETE CASCADE,
    FOREIGN KEY (track_id) REFERENCES track (id) ON DELETE RESTRICT
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- What a visitor is about to buy; `basket` is the visitor's cookie.
CREATE TABLE IF NOT EXISTS basket_line (
    basket   VARCHAR(32) NOT NULL,
    track_id INT NOT NULL,
    quantity INT NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (basket, track_id),
    KEY basket_line_by_track (track_id),
    FOREIGN KEY (track_id) REFERENCES track (id) ON DELETE CASCADE
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
