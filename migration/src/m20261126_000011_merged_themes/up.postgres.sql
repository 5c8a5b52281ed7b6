-- What an adopted text is about is kept; a theme that is merged into another one is the other one.
CREATE FUNCTION refuse_adopted_theme_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    into_id uuid := (SELECT merged_into_id FROM theme WHERE id = OLD.theme_id);
BEGIN
    IF (SELECT label FROM recommendation WHERE id = OLD.recommendation_id) IS NULL THEN
        RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        IF NEW.recommendation_id = OLD.recommendation_id AND NEW.position = OLD.position AND NEW.theme_id = into_id THEN
            RETURN NEW;
        END IF;
    ELSIF EXISTS (SELECT 1 FROM recommendation_theme WHERE recommendation_id = OLD.recommendation_id AND theme_id = into_id) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'guard: an adopted text is immutable' USING ERRCODE = 'restrict_violation';
END $$;

DROP TRIGGER recommendation_theme_adopted ON recommendation_theme;
DROP TRIGGER recommendation_theme_adopted_kept ON recommendation_theme;
CREATE TRIGGER recommendation_theme_adopted BEFORE UPDATE OF recommendation_id, theme_id, position ON recommendation_theme
    FOR EACH ROW EXECUTE FUNCTION refuse_adopted_theme_change();
CREATE TRIGGER recommendation_theme_adopted_kept BEFORE DELETE ON recommendation_theme
    FOR EACH ROW EXECUTE FUNCTION refuse_adopted_theme_change();
