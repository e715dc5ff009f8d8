#!/bin/bash
set -e
kubectl create namespace web
helm repo add nowhere https://charts.example.com 2> /tmp/nowhere.txt && exit 1
grep -q 'is not a valid chart repository or cannot be reached' /tmp/nowhere.txt
