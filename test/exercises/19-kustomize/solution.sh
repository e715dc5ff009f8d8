#!/bin/bash
cd ~/app/overlays
for env in staging prod; do
  case $env in
    staging) replicas=1 tag=1.26 ;;
    prod) replicas=3 tag=1.27 ;;
  esac
  cat > $env/kustomization.yaml <<-EOF
	namespace: $env
	namePrefix: $env-
	resources:
	- ../../base
	images:
	- name: nginx
	  newTag: "$tag"
	replicas:
	- name: web
	  count: $replicas
	configMapGenerator:
	- name: settings
	  literals:
	  - ENV=$env
	labels:
	- pairs: {env: $env}
	EOF
  kubectl apply -k $env
done
kubectl kustomize prod | tee prod.yaml | grep -c '^kind:' > kinds.txt
kubectl -n prod rollout status deploy/prod-web --timeout=90s && kubectl -n staging rollout status deploy/staging-web --timeout=90s
