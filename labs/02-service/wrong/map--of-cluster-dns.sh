#!/bin/bash
# fails: answer
# others: none
cilium() { kubectl --context cilium "$@"; }
cilium create deployment web --image=nginx --replicas=3
cilium expose deployment web --port=80 --target-port=80
cilium wait --for=condition=Available deployment/web --timeout=180s
sleep 2
answer map "$(cilium -n kube-system exec ds/cilium -- cilium service list | awk '/:9153/ { print $1; exit }')"
