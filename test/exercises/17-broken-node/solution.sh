#!/bin/bash
set -o pipefail
node=$(kubectl get nodes --no-headers | awk '$2 ~ /NotReady/ {print $1; exit}')
echo "broken: ${node:?none}"
state=$(ssh "$node" systemctl is-active kubelet)
echo "kubelet is $state"
ssh "$node" "sudo journalctl -u kubelet --no-pager -n 50 | grep -i 'unable to load client CA' | tail -n 1" > /tmp/cause.txt || exit 1
wrong=$(grep -oE '/[^ :]+\.crt' /tmp/cause.txt | head -1)
right=/etc/kubernetes/pki/ca.crt
ssh "$node" "sudo test -f $right && sudo sed -i 's|$wrong|$right|' /var/lib/kubelet/config.yaml && sudo systemctl daemon-reload && sudo systemctl restart kubelet"
kubectl wait --for=condition=Ready "node/$node" --timeout=3m
