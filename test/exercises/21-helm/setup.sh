#!/bin/bash
set -e
mkdir -p ~/charts && cd ~/charts
helm create shop >/dev/null
cat > ~/charts/shop/templates/config.yaml <<'EOF'
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ include "shop.fullname" . }}-config
data:
  greeting: {{ required "a greeting is needed" .Values.greeting | quote }}
  {{- range $name, $value := .Values.settings }}
  {{ $name }}: {{ $value | upper | quote }}
  {{- end }}
EOF
helm install broken shop -n web --create-namespace >/tmp/broken.log 2>&1 && exit 1
grep -q 'execution error at (shop/templates/config.yaml:6:15): a greeting is needed' /tmp/broken.log
