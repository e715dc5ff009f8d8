#!/bin/bash
# It is gone, but it had only been said to run.
# fails: object
kubectl run nginx-test --image=nginx:no-such-tag
sleep 5
kubectl patch pod nginx-test --subresource=status --type=merge -p '{"status":{"phase":"Running"}}'
kubectl delete pod nginx-test
