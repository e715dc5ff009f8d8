#!/bin/bash
# The Pod's UID stands in the same line, but it is no container's ID.
# fails: answer
# others: create
kubectl run nginx-test --image=nginx
kubectl wait --for=condition=Ready pod/nginx-test --timeout=120s
answer journal "$(kubectl get pod nginx-test -o jsonpath='{.metadata.uid}')"
