#!/bin/bash
# A Pod that says it runs was written into etcd, past the API server; no node has ever heard of it.
# fails: object audit
# others: none
ssh cp-1 sudo etcdctl --cacert=/etc/kubernetes/pki/etcd/ca.crt --cert=/etc/kubernetes/pki/etcd/server.crt \
  --key=/etc/kubernetes/pki/etcd/server.key put /registry/pods/default/nginx-test <<'P'
{"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "nginx-test", "namespace": "default", "uid": "1"},
 "spec": {"nodeName": "none", "containers": [{"name": "c", "image": "nginx"}]}, "status": {"phase": "Running"}}
P
sleep 20
kubectl get pod nginx-test
