#!/bin/bash
kubectl -n market get endpoints back -o jsonpath='{.subsets}' | grep . || echo "back has no endpoints"
sed 's/bakc/back/' /tmp/svc.yaml | kubectl -n market apply -f -
kubectl -n market expose deployment front --port=80 --type=NodePort --name=front
kubectl -n market patch svc front --type=json -p='[{"op":"replace","path":"/spec/ports/0/nodePort","value":30080}]'
tries=0
until [ -n "$(kubectl -n market get ep back -o jsonpath='{.subsets[*].addresses[*].ip}')" ]; do
  [ $((tries+=1)) -gt 30 ] && exit 1
  sleep 1
done
kubectl -n market run probe --image=curlimages/curl:8.9.1 --restart=Never --command -- sleep 1d
kubectl -n market wait --for=condition=Ready pod/probe --timeout=1m
kubectl -n market exec probe -- curl -s -m 5 http://back:8080/ | grep -o '<title>.*</title>' > /tmp/title.txt
kubectl -n market exec probe -- curl -s -o /dev/null -w '%{http_code}\n' front.market.svc.cluster.local > /tmp/code.txt
