-- A procedure of the adoption of a text.
UPDATE consensus_procedure SET stage = 'ADOPTION' WHERE outcome = 'ADOPTED';
