-- Rows that are written from now on take the numbers behind those that the data has brought.
SELECT setval(pg_get_serial_sequence('artist', 'id'), (SELECT max(id) FROM artist));
SELECT setval(pg_get_serial_sequence('album', 'id'), (SELECT max(id) FROM album));
SELECT setval(pg_get_serial_sequence('genre', 'id'), (SELECT max(id) FROM genre));
SELECT setval(pg_get_serial_sequence('media_type', 'id'), (SELECT max(id) FROM media_type));
SELECT setval(pg_get_serial_sequence('track', 'id'), (SELECT max(id) FROM track));
SELECT setval(pg_get_serial_sequence('playlist', 'id'), (SELECT max(id) FROM playlist));
SELECT setval(pg_get_serial_sequence('employee', 'id'), (SELECT max(id) FROM employee));
SELECT setval(pg_get_serial_sequence('customer', 'id'), (SELECT max(id) FROM customer));
SELECT setval(pg_get_serial_sequence('invoice', 'id'), (SELECT max(id) FROM invoice));
SELECT setval(pg_get_serial_sequence('invoice_line', 'id'), (SELECT max(id) FROM invoice_line));
