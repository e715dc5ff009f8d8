#!/bin/bash
kubectl apply -f - <<EOF
apiVersion: v1
kind: Namespace
metadata: {name: probes}
---
apiVersion: v1
kind: Service
metadata: {name: service-am-i-ready, namespace: probes}
spec:
  selector: {id: cross-server-ready}
  ports: [{port: 80, targetPort: 80}]
EOF
