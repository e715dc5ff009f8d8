#!/bin/bash
# The first address that nslookup prints is the DNS server's.
# fails: answer
# others: expose
kubectl create deployment web --image=nginx --replicas=3
kubectl expose deployment web --port=80 --target-port=80
kubectl wait --for=condition=Available deployment/web --timeout=180s
answer dns "$(kubectl run dns-test --rm -i --image=busybox --restart=Never -- nslookup web.default.svc.cluster.local | awk '/^Address/ { print $2; exit }' | cut -d: -f1)"
