#!/bin/bash
mkdir -p /tmp/opt/outputs
kubectl create ns zoo
for spec in lion:3:cat tiger:1:cat wolf:2:dog; do
  IFS=: read -r name replicas family <<<"$spec"
  kubectl -n zoo create deploy "$name" --image="nginx:1.2$((replicas + 4))" --replicas="$replicas"
  kubectl -n zoo label deploy "$name" family="$family"
  sleep $replicas
done
kubectl -n zoo wait deploy --all --for=condition=Available --timeout=2m
