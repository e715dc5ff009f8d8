#!/bin/bash
# The auditID of an earlier Pod of that name.
# fails: answer
# others: create
find_id() {
  for cp in cp-1 cp-2 cp-3; do
    ssh "$cp" sudo cat /var/log/kubernetes/audit/audit.log | grep nginx-test |
      jq -r 'select(.verb == "create" and .objectRef.resource == "pods" and (.objectRef | has("subresource") | not)) | .auditID'
  done
}
kubectl run nginx-test --image=nginx
kubectl wait --for=condition=Ready pod/nginx-test --timeout=120s
first=$(find_id)
kubectl delete pod nginx-test
kubectl run nginx-test --image=nginx
kubectl wait --for=condition=Ready pod/nginx-test --timeout=120s
answer audit "$first"
