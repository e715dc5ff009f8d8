#!/bin/bash
# fails: object audit
# others: none
kubectl create namespace trace
kubectl run nginx-test --image=nginx -n trace
kubectl wait -n trace --for=condition=Ready pod/nginx-test --timeout=120s
