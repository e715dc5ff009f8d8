#!/bin/bash
set -e
NS=applications SA=pipeline

kubectl -n $NS create role deployer \
  --verb=get,list,watch,update,patch \
  --resource=deployments.apps
kubectl -n $NS create rolebinding deployer-pipeline --role=deployer --serviceaccount=${NS}:${SA}

kubectl create clusterrole node-viewer --verb=get,list,watch --resource=nodes
cat <<EOF | kubectl apply -f -
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: node-viewer-$SA
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: node-viewer
subjects:
$(for sa in "$SA"; do
    printf -- '- kind: ServiceAccount\n  name: %s\n  namespace: %s\n' "$sa" "$NS"
  done)
EOF
