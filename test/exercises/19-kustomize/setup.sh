#!/bin/bash
mkdir -p ~/app/base ~/app/overlays/{staging,prod}
cd ~/app/base
kubectl create deployment web --image=nginx:1.27 --port=80 --dry-run=client -o yaml > deployment.yaml
kubectl create service clusterip web --tcp=80:80 --dry-run=client -o yaml > service.yaml
cat > kustomization.yaml <<EOF
resources:
$(for f in *.yaml; do [ "$f" = kustomization.yaml ] || echo "- $f"; done)
EOF
kubectl create ns staging; kubectl create ns prod
