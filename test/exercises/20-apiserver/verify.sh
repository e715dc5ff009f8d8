#!/bin/bash
# host: cp-1
sudo grep -Eq '^ +- --profiling=false$' /etc/kubernetes/manifests/kube-apiserver.yaml || exit 1
sudo kubectl --kubeconfig=/etc/kubernetes/admin.conf -n kube-system get pod kube-apiserver-cp-1 -o json | jq -e '.spec.containers[0].command | index("--profiling=false")' >/dev/null || exit 2
ps -ef | grep '[k]ube-apiserver ' | grep -q -- --profiling=false || exit 3
