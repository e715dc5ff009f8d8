#!/bin/bash
# fails: object
# others: create
kubectl run nginx-test --image=nginx
kubectl wait --for=condition=Ready pod/nginx-test --timeout=120s
kubectl patch pod nginx-test --type=merge -p '{"metadata":{"finalizers":["example.com/stay"]}}'
kubectl delete pod nginx-test --wait=false
sleep 60
