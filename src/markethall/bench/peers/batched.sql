-- One batch of orders, as the shop writes it: three commits of data, and the two of the relay that takes the
-- outbox to the bus. Ids are random, as the shop's are.
\set seed random(1, 9000000000000000000)
BEGIN;
INSERT INTO selling.orders (id, number, fingerprint, currency, lines, total, placed_at)
SELECT md5(:seed || '-' || i)::uuid, nextval('order_numbers'), '\x00112233445566778899aabbccddeeff', 'EUR',
    '[{"sku": "HOT", "quantity": 1, "unit_price": 1599, "name": "A thing", "options": {}}]'::jsonb, 1599,
    statement_timestamp()
FROM generate_series(1, :batch) AS i
ORDER BY 1
ON CONFLICT (id) DO NOTHING;
INSERT INTO selling.outbox (subject, payload) VALUES ('orders.placed', decode(repeat('5a', 28 * :batch), 'hex'))
RETURNING id AS said
\gset
COMMIT;
DELETE FROM selling.outbox WHERE id = :said;
BEGIN;
SELECT sku, on_hand, reserved, version FROM keeping.stock WHERE sku = 'HOT' ORDER BY sku FOR NO KEY UPDATE;
UPDATE keeping.stock SET reserved = reserved + :batch, version = version + 1 WHERE sku = 'HOT';
INSERT INTO keeping.reservations (order_id, state, skus, quantities, settled_at)
SELECT md5(:seed || '-' || i)::uuid, 'reserved', ARRAY['HOT'], ARRAY[1], now()
FROM generate_series(1, :batch) AS i
ORDER BY 1;
INSERT INTO keeping.movements (sku, kind, on_hand_delta, reserved_delta, order_id, at)
SELECT 'HOT', 'reservation', 0, 1, md5(:seed || '-' || i)::uuid, now() FROM generate_series(1, :batch) AS i;
INSERT INTO keeping.outbox (subject, payload) VALUES ('stock.settled', decode(repeat('5a', 25 * :batch), 'hex'))
RETURNING id AS answered
\gset
COMMIT;
DELETE FROM keeping.outbox WHERE id = :answered;
UPDATE selling.orders AS o SET reserved_at = greatest(now(), o.placed_at)
FROM (SELECT md5(:seed || '-' || i)::uuid AS id FROM generate_series(1, :batch) AS i) AS said
WHERE o.id = said.id AND o.reserved_at IS NULL AND o.rejected_at IS NULL;
