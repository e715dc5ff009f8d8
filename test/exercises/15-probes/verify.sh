#!/bin/bash
[ "$(cat /tmp/before.txt 2>/dev/null)" == "0/1" ] || { echo "was ready too early"; exit 1; }
kubectl -n probes get pod ready-if-service-ready -o json | jq -e '
  .status.conditions | map({(.type): .status}) | add
  | .Ready == "True" and .ContainersReady == "True"' >/dev/null || exit 1
kubectl -n probes get events --field-selector involvedObject.name=ready-if-service-ready,reason=Unhealthy -o jsonpath='{.items[*].message}' | grep -q 'Readiness probe failed' || exit 1
