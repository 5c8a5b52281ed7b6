DROP TRIGGER recommendation_theme_adopted;
DROP TRIGGER recommendation_theme_adopted_kept;

CREATE TRIGGER recommendation_theme_adopted BEFORE UPDATE OF recommendation_id, theme_id, position ON recommendation_theme
WHEN (SELECT label FROM recommendation WHERE id = OLD.recommendation_id) IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'guard: an adopted text is immutable'); END;

CREATE TRIGGER recommendation_theme_adopted_kept BEFORE DELETE ON recommendation_theme
WHEN (SELECT label FROM recommendation WHERE id = OLD.recommendation_id) IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'guard: an adopted text is immutable'); END;
