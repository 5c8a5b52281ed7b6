-- The oldest changes have been forgotten.
DELETE FROM change WHERE seq <= 2;
UPDATE change_head SET floor = 2;
