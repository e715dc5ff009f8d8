#!/bin/bash
kubectl get node worker-2 -o jsonpath='{.status.conditions[?(@.type=="Ready")].status}' 2>/dev/null | grep -qx True || { echo "worker-2 is not Ready"; exit 1; }
[ "$(kubectl -n shop get pods -o json | jq '[.items[] | select(.spec.nodeName == "worker-2" and .status.phase == "Running")] | length')" -ge 1 ] || { echo "nothing of shop runs there"; exit 1; }
kubectl get csr -o jsonpath='{range .items[*]}{.spec.username}{" "}{.status.conditions[0].reason}{"\n"}{end}' | grep -q '^system:bootstrap:.* AutoApproved$' || { echo "nobody bootstrapped"; exit 1; }
ssh worker-2 "sudo test -L /var/lib/kubelet/pki/kubelet-client-current.pem && ! sudo test -e /etc/kubernetes/bootstrap-kubelet.conf" || { echo "the kubelet has no certificate of its own"; exit 1; }
ssh worker-2 "sudo openssl x509 -noout -subject -in /var/lib/kubelet/pki/kubelet-client-current.pem" | grep -q 'system:node:worker-2' || exit 1
ssh cp-1 sudo kubeadm token list | grep -q exercise || { echo "no token is left"; exit 1; }
