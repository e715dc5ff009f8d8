#!/bin/bash
mkdir -p ~/user && cd ~/user
openssl genrsa -out john.key 2048 2>/dev/null || exit 1
openssl req -new -key john.key -out john.csr -subj "/CN=john/O=developers"
kubectl create ns development
