#!/bin/bash
# seed: 3
# fails: walk
# others: none
sed -e 's/app: cashier/app: till/' -e '$s/port: 80/port: 8080/' shop.yaml > mended.yaml
kubectl apply -f mended.yaml -f till.yaml
kubectl rollout status deployment front -n shop --timeout=180s
kubectl rollout status deployment till -n shop --timeout=180s
sleep 10
