#!/bin/bash
# host: cp-1
export KUBECONFIG=/tmp/admin.conf
sudo cat /etc/kubernetes/admin.conf > $KUBECONFIG; chmod 600 $KUBECONFIG
m=/etc/kubernetes/manifests/kube-apiserver.yaml
tmp=$(mktemp)
sudo cat $m | awk '{ print } /- kube-apiserver$/ { sub(/- .*/, ""); print $0 "- --profiling=false" }' > "$tmp"
sudo diff $m "$tmp"
before=$(kubectl -n kube-system get pod kube-apiserver-cp-1 -o jsonpath='{.metadata.annotations.kubernetes\.io/config\.hash}')
sudo cp "$tmp" $m && rm -f "$tmp"
until after=$(kubectl -n kube-system get pod kube-apiserver-cp-1 -o jsonpath='{.metadata.annotations.kubernetes\.io/config\.hash}' 2>/dev/null) && [ -n "$after" ] && [ "$after" != "$before" ]; do
  sleep 2
  (( ++n > 60 )) && { echo "the API server did not restart"; exit 1; }
done
kubectl -n kube-system wait pod/kube-apiserver-cp-1 --for=condition=Ready --timeout=2m
