#!/usr/bin/env bash
set -eo pipefail
kubectl label nodes worker-2 disk=ssd

kubectl apply -f - <<EOF
---
apiVersion: v1
kind: Pod
metadata: {name: fast, namespace: placing}
spec:
  nodeSelector: {disk: ssd}
  containers: [{name: c, image: "registry.k8s.io/pause:3.10"}]
---
apiVersion: v1
kind: Pod
metadata: {name: gpu, namespace: placing}
spec:
  tolerations:
  - {key: dedicated, operator: Equal, value: gpu, effect: NoSchedule}
  affinity:
    nodeAffinity:
      requiredDuringSchedulingIgnoredDuringExecution:
        nodeSelectorTerms:
        - matchExpressions:
          - {key: kubernetes.io/hostname, operator: In, values: [worker-3]}
  containers: [{name: c, image: "registry.k8s.io/pause:3.10"}]
---
apiVersion: v1
kind: Pod
metadata: {name: nowhere, namespace: placing}
spec:
  nodeSelector: {disk: tape}
  containers: [{name: c, image: "registry.k8s.io/pause:3.10"}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: spread, namespace: placing}
spec:
  replicas: 3
  selector: {matchLabels: {app: spread}}
  template:
    metadata: {labels: {app: spread}}
    spec:
      affinity:
        podAntiAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
          - topologyKey: kubernetes.io/hostname
            labelSelector: {matchLabels: {app: spread}}
      containers: [{name: c, image: "registry.k8s.io/pause:3.10"}]
EOF

kubectl -n placing wait --for=condition=Ready pod/{fast,gpu} --timeout=60s
sleep 10
kubectl -n placing get pods -o wide --sort-by='{.metadata.name}' | awk 'NR==1{for(i=1;i<=NF;i++)if(!c&&$i=="NODE")c=i;next}{printf "%-10s %s\n", substr($1,1,6), $c}' | sort | tee placement.txt
kubectl -n placing get events --field-selector reason=FailedScheduling -o jsonpath='{.items[*].message}' | tr ' ' '\n' | grep -c . | xargs printf 'words in messages: %d\n'
kubectl -n placing describe pod nowhere | sed -n '/^Events:/,$ { /FailedScheduling/ { s/.*default-scheduler *//; p } }' | head -1 > why.txt
