#!/bin/bash
set -e
cd ~/user
cat <<EOF | kubectl apply -f -
apiVersion: certificates.k8s.io/v1
kind: CertificateSigningRequest
metadata:
  name: john-developer
spec:
  signerName: kubernetes.io/kube-apiserver-client
  request: $(base64 < john.csr | tr -d '\n')
  usages:
  - digital signature
  - key encipherment
  - client auth
EOF
kubectl get csr john-developer -o jsonpath='{.status.conditions[*].type}' | grep -q Approved && exit 1
kubectl certificate approve john-developer
for i in {1..30}; do
  kubectl get csr john-developer -o jsonpath='{.status.certificate}' | base64 -d > john.crt
  [[ -s john.crt ]] && break
  sleep 1
done
kubectl create role developer -n development --resource=pods --verb=create,list,get,update,delete
kubectl create rolebinding developer-role-binding -n development --role=developer --user=john
kubectl config set-credentials john --client-certificate=john.crt --client-key=john.key --embed-certs=true
kubectl config set-context john@kubernetes --cluster="$(kubectl config view -o jsonpath='{.clusters[0].name}')" --user=john --namespace=development
