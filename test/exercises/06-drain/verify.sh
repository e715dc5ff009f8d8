#!/bin/bash
set -euo pipefail
kubectl get node worker-1 | grep -w 'Ready,SchedulingDisabled'
left=$(kubectl get pods -A --field-selector=spec.nodeName=worker-1 -o json |
  jq -r '.items[] | select(.metadata.ownerReferences[0].kind != "DaemonSet") | "\(.metadata.namespace)/\(.metadata.name)"')
[[ -z "$left" ]] || { echo "still there: $left" >&2; exit 1; }
! kubectl get pod lonely 2>/dev/null
[[ $(kubectl get deploy shop -o jsonpath='{.status.availableReplicas}') -eq 6 ]]
kubectl uncordon worker-1 | grep -x 'node/worker-1 uncordoned'
