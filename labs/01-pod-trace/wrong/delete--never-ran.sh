#!/bin/bash
# fails: object
# others: none
kubectl run nginx-test --image=nginx --overrides='{"spec":{"nodeSelector":{"disk":"floppy"}}}'
sleep 5
kubectl delete pod nginx-test
