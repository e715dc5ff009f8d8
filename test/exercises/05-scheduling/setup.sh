#!/bin/bash
for node in $(kubectl get nodes --no-headers -o custom-columns=':metadata.name' | grep ^worker); do
  echo "preparing $node"
  kubectl label node "$node" disk- zone- >/dev/null
done
kubectl taint nodes worker-3 dedicated=gpu:NoSchedule --overwrite
i=0
while read -r node _; do
  kubectl label --overwrite node "$node" zone="z$((++i % 2))"
done < <(kubectl get no -l '!node-role.kubernetes.io/control-plane' --no-headers)
kubectl create ns placing
