#!/bin/bash
kubectl create ns batch-work >/dev/null 2>&1 || true
kubectl config set-context --current --namespace=batch-work
