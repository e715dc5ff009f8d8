#!/bin/bash
set -e
JOIN=$(ssh cp-1 sudo kubeadm token create --ttl 1h --description exercise --print-join-command)
ssh worker-2 sudo $JOIN
for _ in $(seq 30); do
  kubectl get node worker-2 >/dev/null 2>&1 && break
  sleep 2
done
kubectl wait --for=condition=Ready node/worker-2 --timeout=120s
kubectl -n shop patch deployment front --type merge -p '{"spec":{"replicas":9}}'
kubectl -n shop rollout status deployment/front --timeout=120s
