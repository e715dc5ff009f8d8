#!/bin/bash
[ "$(cat /tmp/owner.txt 2>/dev/null)" = Node/worker-2 ] || exit 1
uid() { kubectl get pod web-static-worker-2 -o jsonpath='{.metadata.uid}'; }
before=$(uid); [ -n "$before" ] || exit 1
kubectl delete pod web-static-worker-2 --wait=false >/dev/null
for ((i = 0; i < 30; i++)); do
  after=$(uid 2>/dev/null)
  [[ -n $after && $after != "$before" ]] && break
  sleep 1
done
[[ $after != "$before" ]] || { echo "the mirror did not come back"; exit 1; }
ssh worker-2 sudo rm /etc/kubernetes/manifests/web-static.yaml
sleep 40
kubectl get pod web-static-worker-2 2>&1 | grep -q NotFound
