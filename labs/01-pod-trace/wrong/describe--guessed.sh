#!/bin/bash
# fails: answer
# others: create
kubectl run nginx-test --image=nginx
kubectl wait --for=condition=Ready pod/nginx-test --timeout=120s
answer describe 1.234s
