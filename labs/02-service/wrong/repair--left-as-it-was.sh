#!/bin/bash
# fails: object walk
# others: none
kubectl apply -f shop.yaml -f till.yaml
sleep 60
