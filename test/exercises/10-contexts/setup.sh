#!/bin/bash
set -e
cp ~/.kube/config ~/multi.config
export KUBECONFIG=~/multi.config
for team in red green blue; do
  kubectl create ns team-$team
  kubectl config set-context $team --cluster=kubernetes --user=kubernetes-admin --namespace=team-$team
done
kubectl config use-context green
