#!/bin/bash
set -e
helm list -n web -o json | jq -e '.[] | select(.name == "front" and .status == "deployed" and .revision == "3")' >/dev/null
helm history front -n web -o json | jq -e 'map(.status) == ["superseded", "failed", "deployed"]' >/dev/null
test "$(kubectl get configmap front-shop-config -n web -o jsonpath='{.data.mode} {.data.greeting}')" = "FAST hello"
test "$(kubectl get deployment front-shop -n web -o jsonpath='{.spec.template.spec.containers[0].image} {.status.readyReplicas}')" = "nginx:1.27 2"
kubectl get secret -n web -l owner=helm,name=front,status=deployed -o jsonpath='{.items[0].data.release}' | base64 -d | base64 -d | gunzip | jq -e '.manifest | contains("kind: Deployment")' >/dev/null
test "$(helm get values front -n web -o json | jq -r .replicaCount)" = 2
