#!/bin/bash
kubectl create ns neptune
cat > /tmp/web.yaml <<'EOF'
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: neptune
  labels: {app: web}
spec:
  replicas: 4
  revisionHistoryLimit: 5
  selector:
    matchLabels:
      app: web
  strategy:
    rollingUpdate:
      maxSurge: 1
      maxUnavailable: 0
  template:
    metadata:
      labels:
        app: web
    spec:
      containers:
      - name: web
        image: nginx:1.25
        ports:
        - containerPort: 80
EOF
kubectl apply -f /tmp/web.yaml && kubectl -n neptune wait --for=condition=Available deploy/web --timeout=90s
for tag in 1.26 1.27; do
  kubectl -n neptune set image deployment web web=nginx:$tag
  kubectl -n neptune annotate deployment web kubernetes.io/change-cause="image to $tag" --overwrite
  kubectl -n neptune rollout status deployment web --timeout=2m | tail -n1
done
# the accident
kubectl -n neptune set image deployment/web web=nginx:1.no-such-tag
kubectl -n neptune annotate deployment/web kubernetes.io/change-cause='friday evening' --overwrite
if ! kubectl -n neptune rollout status deployment/web --timeout=20s; then
  echo "rollout is stuck, as it should be"
fi
