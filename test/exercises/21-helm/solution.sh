#!/bin/bash
set -e
cd ~/charts
cat > values.yaml <<'EOF'
greeting: hello
settings:
  mode: fast
replicaCount: 2
image:
  tag: "1.27"
EOF
helm lint shop -f values.yaml
helm template shop -f values.yaml | kubectl apply --dry-run=server -f - >/dev/null
helm install front shop -n web --create-namespace -f values.yaml --wait
helm upgrade front shop -n web --reuse-values --set settings.mode=slow --set image.tag=1.99 --timeout 10s --wait && exit 1
helm rollback front 1 -n web --wait
helm test front -n web
