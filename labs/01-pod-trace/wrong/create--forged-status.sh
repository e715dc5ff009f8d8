#!/bin/bash
# A status that was written by hand: the Pod never had a node.
# fails: object
# others: none
kubectl apply -f - <<'Y'
apiVersion: v1
kind: Pod
metadata: {name: nginx-test}
spec:
  nodeSelector: {no: such}
  containers: [{name: c, image: nginx}]
Y
kubectl patch pod nginx-test --subresource=status -p '{"status":{"phase":"Running"}}'
sleep 20
kubectl delete pod nginx-test
