#!/bin/bash
# The Service of the same name on the cluster with kube-proxy has other Pods.
# fails: answer
# others: expose
cilium() { kubectl --context cilium "$@"; }
cilium create deployment web --image=nginx --replicas=3
cilium expose deployment web --port=80 --target-port=80
cilium wait --for=condition=Available deployment/web --timeout=180s
sleep 2
kubectl create deployment filler --image=nginx --replicas=4
kubectl wait --for=condition=Available deployment/filler --timeout=180s
kubectl create deployment web --image=nginx --replicas=3
kubectl expose deployment web --port=80 --target-port=80
kubectl wait --for=condition=Available deployment/web --timeout=180s
answer backends $(kubectl get endpoints web -o json | jq -r '.subsets[] | .ports[0].port as $port | .addresses[] | "\(.ip):\($port)"')
