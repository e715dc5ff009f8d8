#!/bin/bash
set -e
kubectl exec -n tools alpine -- apk add --no-cache curl jq
kubectl exec -n tools debian -- apt-get install -y curl && exit 1
kubectl exec -n tools debian -- sh -c 'apt-get update && apt-get install -y curl iputils-ping'
kubectl exec -n tools debian -- sh -c 'echo n | apt-get install wget' | grep -q '^Do you want to continue? \[Y/n\] Abort.$'
kubectl exec -n tools shut -- apk add curl > /tmp/shut.txt 2>&1 && exit 1
sudo mkdir -p /etc/apt/keyrings && echo "deb https://packages.invalid/ /" | sudo tee /etc/apt/sources.list.d/other.list
