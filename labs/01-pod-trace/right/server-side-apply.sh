#!/bin/sh
# A manifest applied on the server's side creates with PATCH; what is asked is in the events and in the audit log all the same.
cat >pod.yaml <<'Y'
apiVersion: v1
kind: Pod
metadata:
  name: nginx-test
  labels: {app: trace}
spec:
  terminationGracePeriodSeconds: 2
  containers:
    - name: sidecar
      image: busybox
      command: [sh, -c, "sleep infinity"]
    - name: web
      image: nginx:1.27-alpine
Y
kubectl apply --server-side -f pod.yaml
kubectl wait pod nginx-test --for=jsonpath='{.status.phase}'=Running --timeout=2m
sleep 3
answer order "scheduled, pulling, pulled, created, started"
for m in cp-1 cp-2 cp-3; do
  ssh $m sudo cat /var/log/kubernetes/audit/audit.log
done | jq -rs '[.[] | select(.objectRef.name == "nginx-test" and .objectRef.resource == "pods" and .responseStatus.code == 201)] | map(select(.objectRef.subresource | not))[0].auditID' | xargs answer audit
took=$(kubectl get events --field-selector involvedObject.name=nginx-test,reason=Pulled -o json |
  jq -r '[.items[] | select(.message | contains("in "))][0].message | capture(" in (?<t>[0-9.]+m?s)").t')
answer describe "$took"
node=$(kubectl get pod nginx-test -o go-template='{{.spec.nodeName}}')
answer journal "$(ssh "$node" sudo crictl ps --name web -q | head -c 13)"
kubectl delete -f pod.yaml --wait=false
kubectl wait pod/nginx-test --for=delete --timeout=60s
