-- A selection of many OUs or groups has a scope that no index holds whole.
ALTER TABLE selections DROP CONSTRAINT selections_pkey;
CREATE UNIQUE INDEX selections_by_scope ON selections (customer, hashtextextended(scope, 0));
