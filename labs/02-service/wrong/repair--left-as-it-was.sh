#!/bin/bash
# fails: object
# others: none
kubectl apply -f shop.yaml
sleep 60
