#!/bin/bash
kubectl create namespace limited --dry-run=client -o yaml | kubectl apply -f -
