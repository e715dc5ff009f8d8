#!/bin/bash
set -e
psql() { kubectl exec -n data pg-0 -- psql -U postgres -d app "$@"; }
test "$(psql -tAc 'SELECT id, name FROM users ORDER BY id DESC')" = $'3|carol\n2|it\'s bob\n1|alice'
test "$(psql -c 'SELECT count(*) FROM users')" = $' count \n-------\n     3\n(1 row)'
psql -c 'SELECT * FROM nosuch' 2>&1 | grep -qx 'ERROR:  relation "nosuch" does not exist'
kubectl exec -n data pg-0 -- sh -c 'PGPASSWORD=bad psql -h pg.data -U postgres -c "SELECT 1"' 2>&1 | grep -q 'password authentication failed for user "postgres"'
test "$(kubectl exec -n data my -- mysql -uroot -psecret shop -e 'SELECT * FROM items' 2>/dev/null)" = $'id\tname\tn\n2\thammer\t3'
kubectl exec -n data my -- mysql -uroot -pwrong -e 'SELECT 1' 2>&1 | grep -q "ERROR 1045 (28000): Access denied for user 'root'@'localhost' (using password: YES)"
kubectl exec -n data my -- mysql -uroot -psecret -e 'SHOW DATABASES' 2>/dev/null | grep -qx shop
