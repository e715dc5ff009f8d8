#!/bin/bash
kubectl create ns logging --save-config
cat << 'EOF' > pod.yaml
apiVersion: v1
kind: Pod
metadata:
  name: cleaner
  namespace: logging
spec:
  containers:
  - name: main
    image: busybox:1.36
    args: [/bin/sh, -c, "i=0; while true; do echo \"$i: $(date)\" >> /var/log/app.log; i=$((i+1)); sleep 1; done"]
    volumeMounts:
    - name: logs
      mountPath: /var/log
  volumes:
  - name: logs
    emptyDir: {}
EOF
kubectl apply -f pod.yaml
