set -e
curl -sLO https://github.com/kubernetes-sigs/metrics-server/releases/latest/download/components.yaml
sed -i 's/^\( *\)- --metric-resolution=15s/&\n\1- --kubelet-insecure-tls/' components.yaml
kubectl apply -f components.yaml >/dev/null
kubectl create namespace load >/dev/null
kubectl apply -f pods.yaml >/dev/null
kubectl run idle --image=nginx --labels=app=idle >/dev/null
kubectl run broken --image=nowhere/nothing:1 >/dev/null
kubectl apply -f remote.yaml >/dev/null
kubectl apply -f scalers.yaml >/dev/null
