-- What an adopted text is about is kept; a theme that is merged into another one is the other one.
DROP TRIGGER recommendation_theme_adopted;
DROP TRIGGER recommendation_theme_adopted_kept;

CREATE TRIGGER recommendation_theme_adopted BEFORE UPDATE OF recommendation_id, theme_id, position ON recommendation_theme
WHEN (SELECT label FROM recommendation WHERE id = OLD.recommendation_id) IS NOT NULL
    AND NOT (NEW.recommendation_id = OLD.recommendation_id AND NEW.position = OLD.position
        AND NEW.theme_id IS (SELECT merged_into_id FROM theme WHERE id = OLD.theme_id))
BEGIN SELECT RAISE(ABORT, 'guard: an adopted text is immutable'); END;

CREATE TRIGGER recommendation_theme_adopted_kept BEFORE DELETE ON recommendation_theme
WHEN (SELECT label FROM recommendation WHERE id = OLD.recommendation_id) IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM recommendation_theme other JOIN theme ON other.theme_id = theme.merged_into_id
        WHERE theme.id = OLD.theme_id AND other.recommendation_id = OLD.recommendation_id)
BEGIN SELECT RAISE(ABORT, 'guard: an adopted text is immutable'); END;
