#!/bin/bash
# fails: answer
# others: expose
kubectl create deployment web --image=nginx --replicas=3
kubectl expose deployment web --port=80 --target-port=80
kubectl wait --for=condition=Available deployment/web --timeout=180s
sleep 5
answer endpoints $(kubectl get endpoints web -o json | jq -r '.subsets[0].addresses[0:2][].ip + ":80"')
