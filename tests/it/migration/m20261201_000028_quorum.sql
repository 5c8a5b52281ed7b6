-- A body with a quorum.
UPDATE body SET quorum = '[{"category":"GOVERNMENT","delegations":3}]' WHERE id = {bod:1};
