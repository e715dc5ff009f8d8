#!/bin/bash
# A Service outlives the Deployment that it was made for.
# fails: object
# others: expose
kubectl create deployment web --image=nginx --replicas=3
kubectl expose deployment web --port=80 --target-port=80
kubectl wait --for=condition=Available deployment/web --timeout=180s
kubectl delete deployment web
