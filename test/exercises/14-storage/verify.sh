#!/bin/bash
kubectl get pv earth-project-earthflower-pv --no-headers 2>/dev/null | tr -s ' ' | cut -d' ' -f1-6 | grep -xE 'earth-project-earthflower-pv 2Gi RWO Retain Bound earth/earth-project-earthflower-pvc' || exit 1
pod=$(kubectl -n earth get pods -l app=project-earthflower -o jsonpath='{.items[0].metadata.name}')
kubectl -n earth describe pod "$pod" | grep -A2 Mounts: | grep -q '/tmp/project-data from data (rw)' || exit 1
kubectl -n earth exec "$pod" -- sh -c 'echo kept > /tmp/project-data/x'
kubectl -n earth delete pod "$pod" --now >/dev/null
kubectl -n earth rollout status deploy/project-earthflower --timeout=60s >/dev/null
kubectl -n earth get pvc -o custom-columns=N:.metadata.name,V:.spec.volumeName --no-headers | awk '{exit $2!="earth-project-earthflower-pv"}'
