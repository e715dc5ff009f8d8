#!/bin/bash
# Repaired, but the one who shall be answered was sent away.
# seed: 3
# fails: walk
# others: none
kubectl apply -f shop.yaml -f till.yaml
kubectl delete networkpolicy front -n shop
kubectl rollout status deployment front -n shop --timeout=180s
kubectl delete deployment till -n shop
sleep 10
