#!/bin/bash
set -e
helm search repo bitnami/nginx --versions -o json | jq -e 'length > 2' >/dev/null
helm list -n web -o json | jq -e '.[0] | .chart == "nginx-18.3.5" and .revision == "2"' >/dev/null
test "$(kubectl get deployment site-nginx -n web -o jsonpath='{.status.readyReplicas}')" = 2
port=$(kubectl get svc ingress-nginx-controller -n ingress-nginx -o jsonpath='{.spec.ports[?(@.name=="http")].nodePort}')
node=$(kubectl get nodes -o jsonpath='{.items[0].status.addresses[0].address}')
curl -s -H 'Host: site.example' "http://$node:$port/" | grep -q 'Welcome to nginx'
kubectl top nodes | grep -q worker-1
