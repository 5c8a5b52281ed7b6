-- What participants see has parts as well, which the next indexes tell apart by audience and owner.
INSERT INTO recommendation_theme (id, recommendation_id, theme_id, position, audience, owner) VALUES
    ({rth:6}, {rec:6}, {thm:1}, 0, 1, {org:2}),
    ({rth:7}, {rec:7}, {thm:1}, 0, 2, {org:2});
INSERT INTO recommendation_instrument (id, recommendation_id, instrument_id, position, audience, owner) VALUES
    ({rin:4}, {rec:7}, {ins:1}, 0, 2, {org:2});
INSERT INTO addressee (id, recommendation_id, category, role, country_id, organization_id, position, audience, owner) VALUES
    ({adr:6}, {rec:6}, 'GOVERNMENT', 'LEAD', {cty:2}, NULL, 0, 1, {org:2}),
    ({adr:7}, {rec:7}, 'INTERNATIONAL_ORGANIZATION', 'LEAD', NULL, {org:2}, 0, 2, {org:2});
