#!/bin/bash
# The model solution of the eBPF part of lab 2.
set -euo pipefail

agent() { kubectl -n kube-system exec ds/cilium -- "$@"; }

kubectl create deployment web --image=nginx --replicas=3
kubectl expose deployment web --port=80 --target-port=80
kubectl wait --for=condition=Available deployment/web --timeout=180s
sleep 2
ip=$(kubectl get svc web -o jsonpath='{.spec.clusterIP}')

answer map "$(agent cilium service list | awk -v at="$ip:80/TCP" '$2 == at { print $1 }')"
answer backends $(agent cilium bpf lb list | awk -v at="$ip:80/TCP" '$1 == at && $2 != "(0)" { sub("/TCP", "", $3); print $3 }')
kubectl run curl-test --rm -i --image=curlimages/curl --restart=Never -- curl -s http://web
