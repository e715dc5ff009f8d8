#!/bin/bash
kubectl create ns space1; kubectl create ns space2
for ns in space1 space2; do
  kubectl run app1-0 -n $ns --image=nginx:1.27 -l app=app1,ns=$ns --port 80
done
kubectl -n space2 expose pod app1-0 --name=microservice --port=80
kubectl wait pod/app1-0 -n space1 --for condition=Ready --timeout 60s && kubectl wait pod/app1-0 -n space2 --for condition=Ready --timeout 60s
