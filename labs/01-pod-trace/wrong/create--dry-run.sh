#!/bin/bash
# fails: object audit
# others: none
kubectl run nginx-test --image=nginx --dry-run=server
sleep 30
