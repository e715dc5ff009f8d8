#!/bin/bash
# Slot 0 is the Service itself.
# fails: answer
# others: expose
kubectl create deployment web --image=nginx --replicas=3
kubectl expose deployment web --port=80 --target-port=80
kubectl wait --for=condition=Available deployment/web --timeout=180s
sleep 2
answer backends 0.0.0.0:0
