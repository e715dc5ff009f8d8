#!/bin/bash
set -e
kubectl create deployment shop --image=nginx:1.27 --replicas=6
kubectl rollout status deployment/shop --timeout=120s
kubectl create poddisruptionbudget shop --selector=app=shop --min-available=4
kubectl run lonely --image=busybox:1.36 --overrides='{"spec":{"nodeName":"worker-1"}}' --command -- sleep infinity
timeout 60 bash -c 'until [ "$(kubectl get pod lonely -o jsonpath={.status.phase})" = Running ]; do sleep 2; done'
