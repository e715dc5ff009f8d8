#!/bin/bash
# A line that was written into the log by hand.
# fails: answer
# others: create
kubectl run nginx-test --image=nginx
kubectl wait --for=condition=Ready pod/nginx-test --timeout=120s
id=11111111-2222-3333-4444-555555555555
echo '{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"'$id'","stage":"ResponseComplete","requestURI":"/api/v1/namespaces/default/pods","verb":"create","objectRef":{"resource":"pods","namespace":"default","name":"nginx-test","apiVersion":"v1"},"responseStatus":{"code":201}}' |
  ssh cp-1 sudo tee -a /var/log/kubernetes/audit/audit.log >/dev/null
answer audit $id
