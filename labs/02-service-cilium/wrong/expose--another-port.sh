#!/bin/bash
# fails: object
# others: none
kubectl create deployment web --image=nginx --replicas=3
kubectl expose deployment web --port=8080 --target-port=80
kubectl wait --for=condition=Available deployment/web --timeout=180s
