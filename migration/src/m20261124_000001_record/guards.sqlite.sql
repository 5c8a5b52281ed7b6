-- Rules that a CHECK cannot hold. `RAISE` texts name the guard; the service turns them into refusals.

CREATE TRIGGER mandate_overlap_insert BEFORE INSERT ON mandate
WHEN EXISTS (
    SELECT 1 FROM mandate m
    WHERE m.organization_id = NEW.organization_id AND m.body_id = NEW.body_id AND m.role = NEW.role AND m.id <> NEW.id
      AND m.valid_from <= coalesce(NEW.valid_to, '9999-12-31') AND coalesce(m.valid_to, '9999-12-31') >= NEW.valid_from
)
BEGIN SELECT RAISE(ABORT, 'guard: mandates overlap'); END;

CREATE TRIGGER mandate_overlap_update BEFORE UPDATE ON mandate
WHEN EXISTS (
    SELECT 1 FROM mandate m
    WHERE m.organization_id = NEW.organization_id AND m.body_id = NEW.body_id AND m.role = NEW.role AND m.id <> NEW.id
      AND m.valid_from <= coalesce(NEW.valid_to, '9999-12-31') AND coalesce(m.valid_to, '9999-12-31') >= NEW.valid_from
)
BEGIN SELECT RAISE(ABORT, 'guard: mandates overlap'); END;

CREATE TRIGGER recommendation_adopted_text BEFORE UPDATE ON recommendation
WHEN OLD.label IS NOT NULL AND (
    NEW.label IS NOT OLD.label OR NEW.title IS NOT OLD.title OR NEW.text IS NOT OLD.text OR NEW.rationale IS NOT OLD.rationale
    OR NEW.kind IS NOT OLD.kind OR NEW.body_id IS NOT OLD.body_id OR NEW.adopted_on IS NOT OLD.adopted_on OR NEW.is_demo IS NOT OLD.is_demo
    OR NEW.label_year IS NOT OLD.label_year OR NEW.label_serial IS NOT OLD.label_serial OR NEW.meeting_id IS NOT OLD.meeting_id
)
BEGIN SELECT RAISE(ABORT, 'guard: an adopted text is immutable'); END;

CREATE TRIGGER recommendation_adopted_kept BEFORE DELETE ON recommendation WHEN OLD.label IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'guard: an adopted recommendation is kept'); END;

CREATE TRIGGER meeting_concluded_kept BEFORE DELETE ON meeting WHEN OLD.status = 'CONCLUDED'
BEGIN SELECT RAISE(ABORT, 'guard: a concluded meeting is kept'); END;

CREATE TRIGGER revision_text BEFORE UPDATE OF recommendation_id, number, title, text, rationale, change_note, created_at ON recommendation_revision
BEGIN SELECT RAISE(ABORT, 'guard: a revision is immutable'); END;

CREATE TRIGGER revision_kept BEFORE DELETE ON recommendation_revision
BEGIN SELECT RAISE(ABORT, 'guard: a revision is kept'); END;

CREATE TRIGGER change_kept BEFORE UPDATE ON change
BEGIN SELECT RAISE(ABORT, 'guard: a change row is immutable'); END;

CREATE TRIGGER audit_kept BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'guard: an audit line is immutable'); END;

CREATE TRIGGER audit_not_deleted BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'guard: an audit line is kept'); END;
