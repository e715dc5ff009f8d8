#!/bin/bash
node=worker-1
before=$(kubectl get pods -A -o wide --field-selector spec.nodeName=$node --no-headers | wc -l)
echo "$before pods on $node"
kubectl drain $node --ignore-daemonsets --delete-emptydir-data --timeout=60s 2>drain.err
status=$?
echo "first drain: $status"
if [ $status -ne 0 ]; then
  grep -i 'declare no controller' drain.err && kubectl drain $node --ignore-daemonsets --force --grace-period=10
fi
kubectl get node $node -o jsonpath='{.spec.taints[*].key}{"\n"}'
kubectl rollout status deploy shop --timeout=2m
