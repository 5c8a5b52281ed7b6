-- What is adopted stays as it was adopted: whom it asks, what it is about, what it refers to.
CREATE FUNCTION refuse_adopted_part_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT label FROM recommendation WHERE id = OLD.recommendation_id) IS NOT NULL THEN
        RAISE EXCEPTION 'guard: an adopted text is immutable' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;

CREATE FUNCTION refuse_session_of_kind() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT kind FROM meeting WHERE id = NEW.meeting_id) IN ('BRIEFING', 'SIDE_EVENT', 'CONFERENCE_OR_DIALOGUE') THEN
        RAISE EXCEPTION 'guard: such a meeting carries no session' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER addressee_adopted BEFORE UPDATE OF recommendation_id, category, role, country_id, organization_id, position ON addressee
    FOR EACH ROW EXECUTE FUNCTION refuse_adopted_part_change();
CREATE TRIGGER addressee_adopted_kept BEFORE DELETE ON addressee
    FOR EACH ROW EXECUTE FUNCTION refuse_adopted_part_change();
CREATE TRIGGER recommendation_theme_adopted BEFORE UPDATE OF recommendation_id, theme_id, position ON recommendation_theme
    FOR EACH ROW EXECUTE FUNCTION refuse_adopted_part_change();
CREATE TRIGGER recommendation_theme_adopted_kept BEFORE DELETE ON recommendation_theme
    FOR EACH ROW EXECUTE FUNCTION refuse_adopted_part_change();
CREATE TRIGGER recommendation_instrument_adopted BEFORE UPDATE OF recommendation_id, instrument_id, position ON recommendation_instrument
    FOR EACH ROW EXECUTE FUNCTION refuse_adopted_part_change();
CREATE TRIGGER recommendation_instrument_adopted_kept BEFORE DELETE ON recommendation_instrument
    FOR EACH ROW EXECUTE FUNCTION refuse_adopted_part_change();

-- Nothing leads back from a later state.
CREATE TRIGGER recommendation_forward BEFORE UPDATE OF status ON recommendation
    FOR EACH ROW WHEN ((OLD.status = 'SUPERSEDED' AND NEW.status <> 'SUPERSEDED') OR (OLD.status = 'TRANSMITTED' AND NEW.status = 'ADOPTED'))
    EXECUTE FUNCTION refuse_change('a later state is kept');
CREATE TRIGGER meeting_stays_concluded BEFORE UPDATE OF status ON meeting
    FOR EACH ROW WHEN (OLD.status = 'CONCLUDED' AND NEW.status <> 'CONCLUDED') EXECUTE FUNCTION refuse_change('a later state is kept');
CREATE TRIGGER body_session_of_kind BEFORE INSERT ON body_session
    FOR EACH ROW EXECUTE FUNCTION refuse_session_of_kind();

-- TRUNCATE passes by row triggers.
CREATE TRIGGER audit_not_truncated BEFORE TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('it is kept');
CREATE TRIGGER change_not_truncated BEFORE TRUNCATE ON change
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('it is kept');
CREATE TRIGGER recommendation_not_truncated BEFORE TRUNCATE ON recommendation
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('it is kept');
CREATE TRIGGER recommendation_revision_not_truncated BEFORE TRUNCATE ON recommendation_revision
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('it is kept');
