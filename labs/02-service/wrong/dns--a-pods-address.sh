#!/bin/bash
# The name leads to the Service's address, not to a Pod's.
# fails: answer
# others: expose
kubectl create deployment web --image=nginx --replicas=3
kubectl expose deployment web --port=80 --target-port=80
kubectl wait --for=condition=Available deployment/web --timeout=180s
kubectl run dns-test --rm -i --image=busybox --restart=Never -- nslookup web.default.svc.cluster.local
answer dns "$(kubectl get pods -l app=web -o jsonpath='{.items[0].status.podIP}')"
