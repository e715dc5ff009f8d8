#!/bin/bash
# The Pod fits nowhere; somebody writes down the events that it would have had.
# fails: event-order answer
# others: none
kubectl run nginx-test --image=nginx --overrides='{"spec":{"nodeSelector":{"no":"such"}}}'
uid=$(kubectl get pod nginx-test -o jsonpath='{.metadata.uid}')
n=0
for reason in Scheduled Pulling Pulled Created Started; do
  n=$((n + 1))
  component=kubelet
  if [ "$reason" = Scheduled ]; then component=default-scheduler; fi
  kubectl create --as=system:node:worker-1 --as-group=system:masters -f - <<YAML
apiVersion: v1
kind: Event
metadata:
  name: nginx-test.$n
  namespace: default
involvedObject:
  apiVersion: v1
  kind: Pod
  name: nginx-test
  namespace: default
  uid: $uid
reason: $reason
message: $reason
type: Normal
count: 1
source:
  component: $component
YAML
done
answer order Scheduled Pulling Pulled Created Started
