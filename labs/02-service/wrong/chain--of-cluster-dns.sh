#!/bin/bash
# fails: answer
# others: expose
kubectl create deployment web --image=nginx --replicas=3
kubectl expose deployment web --port=80 --target-port=80
kubectl wait --for=condition=Available deployment/web --timeout=180s
answer chain "$(ssh worker-1 sudo iptables -t nat -L KUBE-SERVICES -n | grep kube-dns:dns-tcp | awk '{print $1}')"
