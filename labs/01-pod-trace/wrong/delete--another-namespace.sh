#!/bin/bash
# The Pod of that name in another namespace is another Pod.
# fails: object
# others: create
kubectl create namespace play
kubectl run nginx-test --image=nginx
kubectl run nginx-test --image=nginx -n play
kubectl wait --for=condition=Ready pod/nginx-test
kubectl delete pod nginx-test -n play
