#!/bin/bash
# A headless Service has no address that rules could translate.
# fails: object
# others: none
kubectl create deployment web --image=nginx --replicas=3
kubectl expose deployment web --port=80 --target-port=80 --cluster-ip=None
kubectl wait --for=condition=Available deployment/web --timeout=180s
