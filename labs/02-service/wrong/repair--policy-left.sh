#!/bin/bash
# Endpoints are there and nothing refuses; the policy still lets in nobody who asks.
# seed: 3
# fails: walk
# others: none
kubectl apply -f shop.yaml -f till.yaml
kubectl rollout status deployment front -n shop --timeout=180s
kubectl rollout status deployment till -n shop --timeout=180s
sleep 10
