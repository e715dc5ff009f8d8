#!/bin/bash
set -e
kubectl create namespace tools
kubectl run alpine -n tools --image=alpine:3.21 -- sleep 1d
kubectl run debian -n tools --image=debian:12 -- sleep 1d
kubectl run shut -n tools --image=alpine:3.21 --labels=net=none -- sleep 1d
kubectl apply -n tools -f - <<EOF
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: none
spec:
  podSelector:
    matchLabels:
      net: none
  policyTypes: [Egress]
EOF
kubectl wait -n tools --for=condition=Ready pod --all --timeout=60s
