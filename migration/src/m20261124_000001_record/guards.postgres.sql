-- Rules that a CHECK cannot hold. Exception texts name the guard; the service turns them into refusals.

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'guard: %', TG_ARGV[0] USING ERRCODE = 'restrict_violation';
END $$;

-- The lock makes two concurrent grants wait for each other, so that each sees what the other has written.
CREATE FUNCTION refuse_mandate_overlap() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(NEW.organization_id::text || NEW.body_id::text || NEW.role, 0));
    IF EXISTS (
        SELECT 1 FROM mandate m
        WHERE m.organization_id = NEW.organization_id AND m.body_id = NEW.body_id AND m.role = NEW.role AND m.id <> NEW.id
          AND m.valid_from <= coalesce(NEW.valid_to, 'infinity'::date) AND coalesce(m.valid_to, 'infinity'::date) >= NEW.valid_from
    ) THEN
        RAISE EXCEPTION 'guard: mandates overlap' USING ERRCODE = 'exclusion_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION refuse_adopted_text_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.label IS NOT NULL AND (
        (NEW.label, NEW.title, NEW.text, NEW.rationale, NEW.kind, NEW.body_id, NEW.adopted_on, NEW.is_demo,
         NEW.label_year, NEW.label_serial, NEW.meeting_id)
        IS DISTINCT FROM
        (OLD.label, OLD.title, OLD.text, OLD.rationale, OLD.kind, OLD.body_id, OLD.adopted_on, OLD.is_demo,
         OLD.label_year, OLD.label_serial, OLD.meeting_id)
    ) THEN
        RAISE EXCEPTION 'guard: an adopted text is immutable' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER mandate_overlap BEFORE INSERT OR UPDATE ON mandate
    FOR EACH ROW EXECUTE FUNCTION refuse_mandate_overlap();
CREATE TRIGGER recommendation_adopted_text BEFORE UPDATE ON recommendation
    FOR EACH ROW EXECUTE FUNCTION refuse_adopted_text_change();
CREATE TRIGGER recommendation_adopted_kept BEFORE DELETE ON recommendation
    FOR EACH ROW WHEN (OLD.label IS NOT NULL) EXECUTE FUNCTION refuse_change('an adopted recommendation is kept');
CREATE TRIGGER meeting_concluded_kept BEFORE DELETE ON meeting
    FOR EACH ROW WHEN (OLD.status = 'CONCLUDED') EXECUTE FUNCTION refuse_change('a concluded meeting is kept');
CREATE TRIGGER revision_text BEFORE UPDATE OF recommendation_id, number, title, text, rationale, change_note, created_at ON recommendation_revision
    FOR EACH ROW EXECUTE FUNCTION refuse_change('a revision is immutable');
CREATE TRIGGER revision_kept BEFORE DELETE ON recommendation_revision
    FOR EACH ROW EXECUTE FUNCTION refuse_change('a revision is kept');
CREATE TRIGGER change_kept BEFORE UPDATE ON change
    FOR EACH ROW EXECUTE FUNCTION refuse_change('a change row is immutable');
CREATE TRIGGER audit_kept BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION refuse_change('an audit line is kept');
