#!/bin/bash
cd ~/app/overlays 2>/dev/null || exit 1
[ "$(cat kinds.txt)" = 3 ] || exit 2
while read -r ns name image replicas; do
  got=$(kubectl -n "$ns" get deploy "$name" -o jsonpath='{.spec.template.spec.containers[0].image} {.status.readyReplicas}')
  [ "$got" = "$image $replicas" ] || { echo "$ns/$name: $got"; exit 3; }
done <<EOF
staging staging-web nginx:1.26 1
prod prod-web nginx:1.27 3
EOF
kubectl -n prod get cm -o name | grep -Eq '^configmap/prod-settings-[a-z0-9]{10}$' || exit 4
kubectl get svc -A -l env=prod --no-headers | awk 'END { exit NR != 1 }'
