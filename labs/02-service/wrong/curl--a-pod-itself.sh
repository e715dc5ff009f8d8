#!/bin/bash
# It called one of the Pods, not the Service.
# fails: visit
# others: expose
kubectl create deployment web --image=nginx --replicas=3
kubectl expose deployment web --port=80 --target-port=80
kubectl wait --for=condition=Available deployment/web --timeout=180s
sleep 2
kubectl run curl-test --rm -i --image=curlimages/curl --restart=Never -- curl -s "$(kubectl get pod -l app=web -o jsonpath='{.items[0].status.podIP}')"
