#!/bin/bash
# Without endpoints the connection is refused.
# fails: visit
# others: none
kubectl create service clusterip web --tcp=80:80
sleep 5
kubectl run curl-test --rm -i --image=curlimages/curl --restart=Never -- curl -s http://web
