set -e
kubectl create namespace shop >/dev/null
kubectl run web --image=nginx --labels=app=web,tier=front >/dev/null
kubectl run web --image=nginx -n shop >/dev/null
kubectl run broken --image=nowhere/nothing:1 >/dev/null
kubectl run crash --image=busybox --command -- sh -c 'echo starting; exit 3' >/dev/null
kubectl run once --image=busybox --restart=Never --command -- sh -c 'echo done' >/dev/null
kubectl create configmap settings --from-literal=color=blue --from-literal=size=10 >/dev/null
kubectl create secret generic login --from-literal=user=admin --from-literal=password=s3cret >/dev/null
kubectl create serviceaccount builder >/dev/null
kubectl apply -f two.yaml >/dev/null
kubectl create deployment api --image=nginx --replicas=2 -n shop >/dev/null
kubectl apply -n shop -f service.yaml >/dev/null
