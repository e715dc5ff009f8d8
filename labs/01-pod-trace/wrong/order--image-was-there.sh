#!/bin/bash
# The Pod that counts is the second: its image was there already, so the order of the first is not its order.
# fails: answer
# others: create
kubectl run nginx-test --image=nginx
kubectl wait --for=condition=Ready pod/nginx-test --timeout=120s
node=$(kubectl get pod nginx-test -o jsonpath='{.spec.nodeName}')
kubectl delete pod nginx-test
kubectl run nginx-test --image=nginx --image-pull-policy=IfNotPresent --overrides='{"spec":{"nodeName":"'"$node"'"}}'
kubectl wait --for=condition=Ready pod/nginx-test --timeout=120s
answer order Scheduled Pulling Pulled Created Started
