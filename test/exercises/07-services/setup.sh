#!/bin/bash
kubectl create namespace market
kubectl -n market create deployment front --image=nginx:1.27 --replicas=2
kubectl -n market create deployment back --image=nginx:1.27
cat <<'EOF' | tee /tmp/svc.yaml | kubectl apply -n market -f -
apiVersion: v1
kind: Service
metadata:
  name: back
spec:
  selector:
    app: bakc
  ports:
  - port: 8080
    targetPort: 80
EOF
for d in front back; do kubectl -n market rollout status deploy/$d --timeout=90s & done
wait
