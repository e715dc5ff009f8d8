#!/bin/bash
# The auditID of a dry run: a request that created nothing.
# fails: answer
# others: create
kubectl run nginx-test --image=nginx --dry-run=server
dry=$(for cp in cp-1 cp-2 cp-3; do ssh "$cp" sudo grep -h nginx-test /var/log/kubernetes/audit/audit.log; done | jq -r .auditID | head -n 1)
kubectl run nginx-test --image=nginx
kubectl wait --for=condition=Ready pod/nginx-test --timeout=120s
answer audit "${dry:-none}"
