-- What is adopted stays as it was adopted: whom it asks, what it is about, what it refers to.

CREATE TRIGGER addressee_adopted BEFORE UPDATE OF recommendation_id, category, role, country_id, organization_id, position ON addressee
WHEN (SELECT label FROM recommendation WHERE id = OLD.recommendation_id) IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'guard: an adopted text is immutable'); END;

CREATE TRIGGER addressee_adopted_kept BEFORE DELETE ON addressee
WHEN (SELECT label FROM recommendation WHERE id = OLD.recommendation_id) IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'guard: an adopted text is immutable'); END;

CREATE TRIGGER recommendation_theme_adopted BEFORE UPDATE OF recommendation_id, theme_id, position ON recommendation_theme
WHEN (SELECT label FROM recommendation WHERE id = OLD.recommendation_id) IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'guard: an adopted text is immutable'); END;

CREATE TRIGGER recommendation_theme_adopted_kept BEFORE DELETE ON recommendation_theme
WHEN (SELECT label FROM recommendation WHERE id = OLD.recommendation_id) IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'guard: an adopted text is immutable'); END;

CREATE TRIGGER recommendation_instrument_adopted BEFORE UPDATE OF recommendation_id, instrument_id, position ON recommendation_instrument
WHEN (SELECT label FROM recommendation WHERE id = OLD.recommendation_id) IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'guard: an adopted text is immutable'); END;

CREATE TRIGGER recommendation_instrument_adopted_kept BEFORE DELETE ON recommendation_instrument
WHEN (SELECT label FROM recommendation WHERE id = OLD.recommendation_id) IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'guard: an adopted text is immutable'); END;

-- Nothing leads back from a later state.
CREATE TRIGGER recommendation_forward BEFORE UPDATE OF status ON recommendation
WHEN (OLD.status = 'SUPERSEDED' AND NEW.status <> 'SUPERSEDED') OR (OLD.status = 'TRANSMITTED' AND NEW.status = 'ADOPTED')
BEGIN SELECT RAISE(ABORT, 'guard: a later state is kept'); END;

CREATE TRIGGER meeting_stays_concluded BEFORE UPDATE OF status ON meeting
WHEN OLD.status = 'CONCLUDED' AND NEW.status <> 'CONCLUDED'
BEGIN SELECT RAISE(ABORT, 'guard: a later state is kept'); END;

CREATE TRIGGER body_session_of_kind BEFORE INSERT ON body_session
WHEN (SELECT kind FROM meeting WHERE id = NEW.meeting_id) IN ('BRIEFING', 'SIDE_EVENT', 'CONFERENCE_OR_DIALOGUE')
BEGIN SELECT RAISE(ABORT, 'guard: such a meeting carries no session'); END;
