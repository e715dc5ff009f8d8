#!/bin/bash
kubectl create quota compute -n limited --hard=pods=3,requests.cpu=1,requests.memory=512Mi,limits.cpu=2,limits.memory=1Gi
kubectl -n limited apply -f - <<< '
apiVersion: v1
kind: LimitRange
metadata: {name: defaults}
spec:
  limits:
  - type: Container
    default: {cpu: 200m, memory: 128Mi}
    defaultRequest: {cpu: 100m, memory: 64Mi}
    max: {cpu: "1"}
'
kubectl -n limited create deployment web --image=nginx:1.27 --replicas=5
tries=0
while (( tries++ < 30 )) && [[ $(kubectl -n limited get deploy web -o jsonpath='{.status.readyReplicas}') != 3 ]]; do sleep 2; done
kubectl -n limited run big --image=nginx:1.27 --overrides='{"spec":{"containers":[{"name":"big","image":"nginx:1.27","resources":{"limits":{"cpu":"4"}}}]}}' 2>refused.txt && exit 1
kubectl -n limited get quota compute -o json | jq -r '.status | .hard as $h | .used | to_entries[] | [.key, .value, $h[.key]] | join(" ")' | sort | column -t > quota.txt
