-- Two clients have used the same key, each for a request of its own.
INSERT INTO idempotency_key (client, key, fingerprint, answer, at) VALUES
    ('Secretariat:::archive', 'box-4', '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
     '{"data":{"scheduleMeeting":{"userErrors":[]}}}', '2026-11-24T16:00:00+00:00'),
    ('Partner:org_019300000000700080006f7267000001::isrs', 'box-4',
     '60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752', '{"data":{}}', '2026-11-24T16:00:00.500+00:00');
