#!/bin/bash
# The chance among three, while five were asked for.
# fails: answer
# others: expose
kubectl create deployment web --image=nginx --replicas=3
kubectl expose deployment web --port=80 --target-port=80
kubectl wait --for=condition=Available deployment/web --timeout=180s
kubectl scale deployment web --replicas=5
kubectl rollout status deployment web
sleep 10
answer churn 0.33333333349
