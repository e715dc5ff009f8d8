#!/usr/bin/env bash
# Namespaces and a service account that may do nothing yet.
set -euo pipefail

namespaces=(applications staging)
for ns in "${namespaces[@]}"; do
  kubectl get ns "$ns" &>/dev/null || kubectl create namespace "$ns"
done

kubectl create serviceaccount pipeline -n applications --dry-run=client -o yaml | kubectl apply -f -
until kubectl -n applications get sa default >/dev/null 2>&1; do sleep 1; done
kubectl -n applications create deployment api --image=nginx:1.27 --replicas=2
kubectl -n applications rollout status deploy/api --timeout=120s
