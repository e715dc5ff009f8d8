#!/bin/bash
export KUBECONFIG=$HOME/multi.config
kubectl config get-contexts -o name > ~/contexts.txt
echo "kubectl config current-context" > ~/current.sh
echo "grep current-context ~/multi.config | sed -e 's/current-context: //'" > ~/current-no-kubectl.sh
for c in $(kubectl config get-contexts --no-headers | tr -d '*' | awk '$1 != "kubernetes-admin@kubernetes" {print $1}'); do
  kubectl --context "$c" create configmap owner --from-literal=team="$c"
done
kubectl config rename-context red crimson
kubectl config delete-context blue
kubectl config view --raw -o jsonpath='{.users[0].user.client-certificate-data}' | base64 --decode > ~/client.crt
KUBECONFIG=~/.kube/config:~/multi.config kubectl config view --flatten > ~/merged.config
