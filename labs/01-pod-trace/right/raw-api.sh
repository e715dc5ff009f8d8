#!/bin/bash
# Nothing but HTTP: a ServiceAccount's token, curl, and the API's own paths.
kubectl create serviceaccount robot
kubectl create clusterrolebinding robot --clusterrole=cluster-admin --serviceaccount=default:robot
token=$(kubectl create token robot)
api=$(kubectl config view --minify -o jsonpath='{.clusters[0].cluster.server}')
call() { curl -sk -H "Authorization: Bearer $token" -H 'Content-Type: application/json' "$@"; }
pods=$api/api/v1/namespaces/default/pods
call -X POST "$pods" -d '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"nginx-test"},"spec":{"containers":[{"name":"c","image":"nginx"}]}}' >/dev/null
until call "$pods/nginx-test" | jq -e '.status.phase == "Running"' >/dev/null; do sleep 1; done
sleep 1
answer order $(call "$api/api/v1/namespaces/default/events?fieldSelector=involvedObject.name=nginx-test" | jq -r '.items | sort_by(.metadata.resourceVersion | tonumber) | .[].reason')
for n in cp-{1..3}; do ssh $n sudo cat /var/log/kubernetes/audit/audit.log; done |
  grep '"verb":"create"' | grep '"/api/v1/namespaces/default/pods"' | jq -r .auditID | while read -r id; do answer audit "$id"; done
answer describe "$(call "$api/api/v1/namespaces/default/events" | jq -r '.items[] | select(.reason == "Pulled" and .involvedObject.name == "nginx-test").message' | grep -oE 'in [0-9.]+m?s' | cut -d' ' -f2)"
uid=$(call "$pods/nginx-test" | jq -r .metadata.uid)
node=$(call "$pods/nginx-test" | jq -r .spec.nodeName)
answer journal "$(ssh "$node" sudo journalctl -u kubelet -o cat | grep "$uid" | grep -o 'ContainerStarted","Data":"[0-9a-f]*' | tail -1 | cut -d'"' -f5)"
call -X DELETE "$pods/nginx-test" >/dev/null
while call -o /dev/null -w '%{http_code}' "$pods/nginx-test" | grep -q 200; do sleep 1; done
