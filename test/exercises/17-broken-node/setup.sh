#!/bin/bash
# somebody "tuned" worker-2
ssh worker-2 'sudo bash -s' <<'EOF'
set -e
cp /var/lib/kubelet/config.yaml /root/config.yaml.orig
sed -i 's#^\( *clientCAFile:\).*#\1 /etc/kubernetes/pki/CA.crt#' /var/lib/kubelet/config.yaml
systemctl restart kubelet || true
EOF
for ((t = 0; t < 120; t += 5)); do
  kubectl get node worker-2 --no-headers | awk '{print $2}' | grep -q NotReady && exit 0
  sleep 5
done
exit 1
