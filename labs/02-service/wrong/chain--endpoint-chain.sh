#!/bin/bash
# A KUBE-SEP chain is what the KUBE-SVC chain leads to.
# fails: answer
# others: expose
kubectl create deployment web --image=nginx --replicas=3
kubectl expose deployment web --port=80 --target-port=80
kubectl wait --for=condition=Available deployment/web --timeout=180s
sleep 5
answer chain "$(ssh worker-1 sudo iptables-save -t nat | grep DNAT | grep default/web | head -n 1 | awk '{print $2}')"
