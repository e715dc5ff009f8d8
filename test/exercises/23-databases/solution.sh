#!/bin/bash
set -e
kubectl exec -n data my -- mysql -uroot -psecret shop -e "CREATE TABLE items (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(20), n INT);
INSERT INTO items (name, n) VALUES ('nail', 100), ('hammer', 2); UPDATE items SET n = 3 WHERE name = 'hammer'; DELETE FROM items WHERE n > 50"
kubectl exec -n data pg-0 -- psql -U postgres -d app -c "INSERT INTO users (name) VALUES ('carol')"
kubectl delete pod -n data pg-0
kubectl rollout status -n data sts/pg --timeout=120s
