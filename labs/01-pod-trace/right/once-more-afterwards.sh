#!/bin/bash
# Who plays on after the tasks, and makes a Pod of that name again, loses nothing.
kubectl run nginx-test --image=nginx
kubectl wait --for=condition=Ready pod/nginx-test
answer order "Scheduled → Pulling → Pulled → Created → Started"
for cp in cp-1 cp-2 cp-3; do
  ssh $cp sudo cat /var/log/kubernetes/audit/audit.log
done | jq -r 'select(.verb == "create" and .objectRef.name == "nginx-test" and .objectRef.subresource == null and .objectRef.resource == "pods").auditID' | xargs -n1 answer audit
answer describe "$(kubectl get events --field-selector involvedObject.name=nginx-test,reason=Pulled -o jsonpath='{.items[0].message}' | awk '{for (i = 1; i < NF; i++) if ($i == "in") {print $(i+1); exit}}')"
answer journal "$(ssh "$(kubectl get pod nginx-test -o jsonpath='{.spec.nodeName}')" sudo crictl pods --name nginx-test -q)"
kubectl delete pod nginx-test
kubectl run nginx-test --image=nginx:1.26
kubectl wait --for=condition=Ready pod/nginx-test
kubectl delete pod nginx-test
