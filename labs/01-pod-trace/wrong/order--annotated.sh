#!/bin/bash
# Notes on the Pod are no events.
# fails: event-order answer
# others: none
kubectl run nginx-test --image=nginx --overrides='{"spec":{"schedulerName":"nobody"}}'
for reason in Scheduled Pulling Pulled Created Started; do
  kubectl annotate pod nginx-test "event/$reason=done"
  kubectl create -f - <<Y
apiVersion: v1
kind: Event
metadata: {generateName: nginx-test., namespace: default}
involvedObject: {kind: Pod, name: nginx-test, namespace: default, uid: $(kubectl get pod nginx-test -o jsonpath='{.metadata.uid}')}
reason: $reason
message: it was so
type: Normal
source: {component: kubelet}
Y
done
answer order Scheduled Pulling Pulled Created Started
