#!/bin/bash
# No such name: curl ends with 6, and the Pod has failed.
# fails: visit
# others: expose
kubectl create deployment web --image=nginx --replicas=3
kubectl expose deployment web --port=80 --target-port=80
kubectl wait --for=condition=Available deployment/web --timeout=180s
kubectl run curl-test --rm -i --image=curlimages/curl --restart=Never -- curl -s http://wbe
