#!/bin/bash
kubectl create ns holy
cat <<'EOF' | kubectl -n holy apply -f -
apiVersion: v1
kind: Pod
metadata: {name: shaker, labels: {app: shaker}}
spec:
  containers:
  - name: one
    image: busybox:1.36
    command: ["sh", "-c", "for i in 1 2 3 4 5 6; do echo \"INFO line $i\"; [ $((i % 3)) -eq 0 ] && echo \"ERROR code=$i\" >&2; done; exec sleep 1d"]
  - name: two
    image: busybox:1.36
    command: ["sh", "-c", "n=0; while [ $n -lt 3 ]; do n=$((n+1)); echo two-$n; done; exec sleep 1d"]
  - name: flaky
    image: busybox:1.36
    command: ["sh", "-c", "echo start $(date +%s); exit 7"]
EOF
until [ "$(kubectl -n holy get pod shaker -o jsonpath='{.status.containerStatuses[?(@.name=="flaky")].restartCount}')" -ge 2 ] 2>/dev/null; do sleep 3; done
