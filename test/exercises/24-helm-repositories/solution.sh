#!/bin/bash
set -e
helm repo add bitnami https://charts.bitnami.com/bitnami
helm repo add ingress-nginx https://kubernetes.github.io/ingress-nginx
helm repo add metrics-server https://kubernetes-sigs.github.io/metrics-server/
helm repo update
helm install site bitnami/nginx -n web --version 15.14.0 --set service.type=ClusterIP --wait
helm upgrade site bitnami/nginx -n web --reuse-values --set replicaCount=2 --wait
helm install ingress-nginx ingress-nginx/ingress-nginx -n ingress-nginx --create-namespace --set controller.service.type=NodePort
helm upgrade --install metrics-server metrics-server/metrics-server -n kube-system --set args={--kubelet-insecure-tls} --wait
kubectl wait -n ingress-nginx --for=condition=Ready pod -l app.kubernetes.io/component=controller --timeout=120s
kubectl create ingress site -n web --class=nginx --rule='site.example/*=site-nginx:80'
sleep 20
