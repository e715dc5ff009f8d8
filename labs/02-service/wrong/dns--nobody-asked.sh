#!/bin/bash
# The right address, but no Pod ever asked.
# fails: visit
# others: expose
kubectl create deployment web --image=nginx --replicas=3
kubectl expose deployment web --port=80 --target-port=80
kubectl wait --for=condition=Available deployment/web --timeout=180s
answer dns "$(kubectl get svc web -o jsonpath='{.spec.clusterIP}')"
