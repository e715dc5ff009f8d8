#!/bin/bash
kubectl run web-static --image=nginx:1.27 --port=80 --dry-run=client -o yaml > /tmp/web-static.yaml
scp -q /tmp/web-static.yaml worker-2:/tmp/
ssh worker-2 <<'EOF'
dir=$(sudo awk '/^staticPodPath:/ {print $2}' /var/lib/kubelet/config.yaml)
sudo install -m 600 -o root -g root /tmp/web-static.yaml "${dir:?no directory}/web-static.yaml"
sudo ls -l "$dir" | tail -n +2 | awk '{print $1, $3, $NF}'
EOF
timeout 2m bash -c 'while ! kubectl get pod web-static-worker-2 2>/dev/null | grep -q Running; do sleep 2; done' || exit
kubectl get pod web-static-worker-2 -o jsonpath='{.metadata.ownerReferences[0].kind}/{.metadata.ownerReferences[0].name}' > /tmp/owner.txt
