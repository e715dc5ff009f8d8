set -e
kubectl create namespace shop >/dev/null
kubectl create namespace shipping >/dev/null
kubectl run web --image=nginx --port=8080 >/dev/null
kubectl run worker --image=busybox --command -- sleep 1d >/dev/null
kubectl run web --image=nginx -n shop >/dev/null
kubectl apply -f sidecar.yaml >/dev/null
kubectl apply -f things.yaml >/dev/null
kubectl create deployment api --image=nginx --replicas=2 -n shop >/dev/null
kubectl create deployment api --image=nginx --port=80 >/dev/null
kubectl create deployment front --image=nginx --replicas=0 >/dev/null
kubectl create configmap settings --from-literal=a=b >/dev/null
kubectl create secret generic login --from-literal=a=b >/dev/null
kubectl create serviceaccount builder >/dev/null
kubectl create clusterrole watcher --verb=watch --resource=pods >/dev/null
kubectl apply -f service.yaml >/dev/null
