#!/bin/bash
# The model solution of lab 1.
set -euo pipefail

# task: create
kubectl run nginx-test --image=nginx
kubectl wait --for=condition=Ready pod/nginx-test --timeout=120s

# task: order
events=$(kubectl get events --field-selector involvedObject.name=nginx-test --sort-by=.metadata.resourceVersion -o json)
answer order $(jq -r '.items[].reason' <<<"$events")

# task: audit
# A server that was asked nothing of it has no line.
for cp in cp-1 cp-2 cp-3; do
  id=$(ssh "$cp" sudo cat /var/log/kubernetes/audit/audit.log | { grep nginx-test || true; } |
    jq -r 'select(.verb == "create" and .objectRef.resource == "pods" and (.objectRef | has("subresource") | not)) | .auditID')
  if [ -n "$id" ]; then answer audit "$id"; fi
done

# task: describe
answer describe "$(kubectl describe pod nginx-test | grep -o 'Successfully pulled image "nginx" in [0-9.]*m\?s' | awk '{print $NF}')"

# task: journal
node=$(kubectl get pod nginx-test -o jsonpath='{.spec.nodeName}')
container=$(ssh "$node" journalctl -u kubelet --no-pager | grep nginx-test | grep ContainerStarted | tail -n 1 | sed 's/.*"Data":"\([0-9a-f]*\)".*/\1/')
answer journal "${container:0:12}"

# task: delete
kubectl delete pod nginx-test
