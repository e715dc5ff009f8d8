#!/bin/bash
# An answer copied from somebody else's session.
# fails: answer
# others: create
kubectl run nginx-test --image=nginx
kubectl wait --for=condition=Ready pod/nginx-test --timeout=120s
answer audit 3f0a4c52-7d1e-4b8a-9c55-0d2b6f1e8a77
