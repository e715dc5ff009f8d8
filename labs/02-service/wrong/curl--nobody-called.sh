#!/bin/bash
# A Pod with curl that ends well, but calls nobody.
# fails: visit
# others: expose
kubectl create deployment web --image=nginx --replicas=3
kubectl expose deployment web --port=80 --target-port=80
kubectl wait --for=condition=Available deployment/web --timeout=180s
sleep 2
kubectl run curl-test --rm -i --image=curlimages/curl --restart=Never -- true
