#!/bin/bash
# fails: object object
# others: none
kubectl create deployment web --image=nginx --replicas=2
kubectl expose deployment web --port=80 --target-port=80
kubectl wait --for=condition=Available deployment/web --timeout=180s
