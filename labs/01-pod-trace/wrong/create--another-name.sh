#!/bin/bash
# fails: object audit
# others: none
kubectl run nginx --image=nginx
kubectl wait --for=condition=Ready pod/nginx --timeout=120s
