#!/bin/bash
# fails: answer
# others: expose
kubectl create deployment web --image=nginx --replicas=3
kubectl expose deployment web --port=80 --target-port=80
kubectl wait --for=condition=Available deployment/web --timeout=180s
sleep 2
answer map "$(kubectl -n kube-system exec ds/cilium -- cilium service list | awk '/:9153/ { print $1; exit }')"
