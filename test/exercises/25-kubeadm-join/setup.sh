#!/bin/bash
# A worker that somebody took out of the cluster.
set -e
kubectl create namespace shop
kubectl -n shop create deployment front --image=nginx:1.27 --replicas=3
kubectl -n shop rollout status deployment/front --timeout=120s
kubectl drain worker-2 --ignore-daemonsets --delete-emptydir-data
ssh worker-2 "sudo kubeadm reset --force"
kubectl delete node worker-2
