DROP TRIGGER recommendation_theme_adopted ON recommendation_theme;
DROP TRIGGER recommendation_theme_adopted_kept ON recommendation_theme;
CREATE TRIGGER recommendation_theme_adopted BEFORE UPDATE OF recommendation_id, theme_id, position ON recommendation_theme
    FOR EACH ROW EXECUTE FUNCTION refuse_adopted_part_change();
CREATE TRIGGER recommendation_theme_adopted_kept BEFORE DELETE ON recommendation_theme
    FOR EACH ROW EXECUTE FUNCTION refuse_adopted_part_change();
DROP FUNCTION refuse_adopted_theme_change();
