#!/bin/bash
ssh -o StrictHostKeyChecking=no worker-2 'test -d /etc/kubernetes/manifests || sudo mkdir -p /etc/kubernetes/manifests; sudo ls -A /etc/kubernetes/manifests'
