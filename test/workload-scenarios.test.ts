import { describe, expect, test } from "vitest";
import { play, type Scenario } from "./scenario.ts";

/** Shell functions that the scripts share. */
const PRELUDE = `
ready() { kubectl wait --for=condition=Ready "$@" --timeout=90s >/dev/null; }
fetch() { kubectl exec "$1" -- wget -q -T 2 -O /dev/null "$2" 2>/dev/null && echo "$1 reaches $2" || echo "$1 does not reach $2"; }
`;

const SCENARIOS: readonly Scenario[] = [
  {
    name: "DNS is scaled with the cluster as a ConfigMap says, which comes back with its defaults",
    script: `curl -sLO https://k8s.io/examples/admin/dns/dns-horizontal-autoscaler.yaml
sed -i 's#<SCALE_TARGET>#Deployment/coredns#' dns-horizontal-autoscaler.yaml; kubectl apply -f dns-horizontal-autoscaler.yaml >/dev/null
M=kube-dns-autoscaler; kubectl rollout status -n kube-system deployment $M >/dev/null; sleep 12
replicas() { kubectl get deployment -n kube-system coredns -o jsonpath='{.spec.replicas}{"\\n"}'; }; replicas
kubectl patch cm -n kube-system $M -p '{"data":{"linear":"{\\"nodesPerReplica\\":2}"}}' >/dev/null; sleep 12; replicas
kubectl cordon worker-1 worker-2 >/dev/null; sleep 12; replicas; kubectl delete cm -n kube-system $M >/dev/null; sleep 12; replicas
kubectl logs -n kube-system deployment/$M | grep -o 'updating.*'`,
    expect: ["2", "3", "2", "2", "updating Deployment/coredns from 2 to 3", "updating Deployment/coredns from 3 to 2"],
  },
  {
    name: "the guestbook writes to one redis and reads from its replicas, which begin anew with a new leader",
    script: `for f in redis-leader-deployment redis-leader-service redis-follower-deployment redis-follower-service frontend-deployment frontend-service; do kubectl apply -f https://k8s.io/examples/application/guestbook/$f.yaml; done >/dev/null
sleep 60; L="kubectl exec deploy/redis-leader -- redis-cli" F="kubectl exec deploy/redis-follower -- redis-cli"
IP=$(kubectl get service frontend -o jsonpath={.spec.clusterIP}); book() { ssh worker-1 "curl -s 'http://$IP/guestbook.php?key=messages&$1'"; echo; }
book 'cmd=set&value=hello+there'; book cmd=get; $F get messages; $F set b 1; $L info replication | grep -c state=online
kubectl delete pod -l role=leader >/dev/null; sleep 20; $F info replication | grep link; $F dbsize; kubectl logs deploy/redis-follower | grep -c "sync: Finished"`,
    expect: [
      '{"message": "Updated"}',
      '{"data": "hello there"}',
      "hello there",
      "READONLY You can't write against a read only replica.",
      /^2$/,
      "master_link_status:up",
      /^0$/,
      /^2$/,
    ],
  },
  {
    name: "a redis takes its settings from a ConfigMap, and asks for the password that it was given",
    script: `kubectl apply -f https://k8s.io/examples/pods/config/example-redis-config.yaml >/dev/null
kubectl patch cm example-redis-config --type merge -p '{"data":{"redis-config":"maxmemory 2mb\\nmaxmemory-policy allkeys-lru"}}' >/dev/null
kubectl apply -f https://k8s.io/examples/pods/config/redis-pod.yaml >/dev/null; kubectl run locked --image=redis -- redis-server --requirepass secret >/dev/null; sleep 30
for i in maxmemory maxmemory-policy; do kubectl exec redis -- redis-cli CONFIG GET $i; done; kubectl exec redis -- redis-cli config set maxmemory-policy nope
kubectl exec locked -- redis-cli ping; kubectl exec locked -- redis-cli -a secret ping`,
    expect: [
      /^2097152$/,
      /^allkeys-lru$/,
      "argument(s) must be one of the following: volatile-lru,",
      "NOAUTH Authentication required.",
      "Warning: Using a password with '-a' or '-u' option on the command line interface may not be safe.",
      /^PONG$/,
    ],
  },
  {
    // kubectl pkg/polymorphichelpers/rollback.go: the ReplicaSet's annotations come back with its template.
    name: "what a revision was called comes back with it",
    script: `kubectl create deploy web --image=nginx:1.24 >/dev/null; kubectl annotate deploy web kubernetes.io/change-cause=first team=a >/dev/null; kubectl rollout status deploy web >/dev/null
kubectl set image deploy/web nginx=nginx:1.25 >/dev/null; kubectl annotate deploy web kubernetes.io/change-cause=second team=b later=c --overwrite >/dev/null; kubectl rollout status deploy web >/dev/null
kubectl rollout undo deploy web; kubectl rollout status deploy web >/dev/null; kubectl get deploy web -o json | jq -c .metadata.annotations; kubectl rollout history deploy web`,
    expect: [
      "deployment.apps/web rolled back",
      '{"deployment.kubernetes.io/revision":"3","kubernetes.io/change-cause":"first","team":"a"}',
      /^2 +second$/,
      /^3 +first$/,
    ],
  },
  {
    name: "a namespace's ServiceAccount is there when the next command comes",
    script: "for n in a b c; do kubectl create ns $n; kubectl run web -n $n --image=nginx; done",
    expect: ["namespace/a created", "pod/web created", "namespace/b created", "pod/web created", "pod/web created"],
    never: [/Forbidden/],
  },
  {
    name: "interactive Pods of a script without a terminal end with its input",
    script: `start=$SECONDS
kubectl run shell --rm -i -t --image=busybox --restart=Never -- sh </dev/null; echo "shell $?"
kubectl run late --rm -it --image=busybox --restart=Never -- sh -c 'sleep 2; echo late' </dev/null; echo "late $?"
kubectl run web --image=nginx; ready pod/web
kubectl debug -it web --image=busybox --target=web </dev/null; echo "debug $?"
[ $((SECONDS - start)) -lt 120 ] && echo soon`,
    expect: ['pod "shell" deleted', "shell 0", "late", 'pod "late" deleted', "late 0", "debug 0", "soon"],
  },
  {
    // An image's VOLUME is a directory of the container's own (containerd, CRI: volumes of the image's configuration).
    name: "an image's volumes are writable over a root that is not",
    script: `kubectl apply -f - <<'Y'
apiVersion: v1
kind: Pod
metadata: {name: stores}
spec:
  containers:
  - {name: mongo, image: mongo, securityContext: {readOnlyRootFilesystem: true}}
  - {name: redis, image: redis:alpine, securityContext: {readOnlyRootFilesystem: true}}
Y
ready pod/stores
kubectl exec stores -c mongo -- sh -c 'grep -c " /data/db " /proc/mounts; ls /data/db; echo x > /x'
kubectl exec stores -c redis -- sh -c 'echo kept > /data/x && cat /data/x'
kubectl apply -f - <<'Y'
apiVersion: v1
kind: Pod
metadata: {name: not-mine}
spec:
  restartPolicy: Never
  securityContext: {runAsUser: 1234}
  containers:
  - name: postgres
    image: postgres
    env: [{name: POSTGRES_PASSWORD, value: x}, {name: PGDATA, value: /srv/data/pgdata}]
    volumeMounts: [{name: v, mountPath: /srv/data}]
  volumes: [{name: v, hostPath: {path: /srv/pg, type: DirectoryOrCreate}}]
Y
kubectl wait --for=jsonpath='{.status.phase}'=Failed pod/not-mine --timeout=60s; kubectl logs not-mine`,
    expect: ["1", "WiredTiger", "Read-only file system", "kept", "condition met", /initdb: error: .*Permission denied/],
  },
  {
    name: "volumes are mounted where a link of the image leads to nothing yet",
    script: `kubectl apply -f - <<'Y'
apiVersion: v1
kind: Pod
metadata: {name: linked}
spec:
  nodeName: worker-1
  containers:
  - {name: c, image: debian, command: [sleep, infinity], volumeMounts: [{name: v, mountPath: /var/run/agent}]}
  volumes: [{name: v, hostPath: {path: /var/run/agent, type: DirectoryOrCreate}}]
Y
ready pod/linked; kubectl exec linked -- sh -c 'echo told > /var/run/agent/file'; ssh worker-1 cat /run/agent/file`,
    expect: ["told"],
  },
  {
    name: "an ingress controller goes with its namespace, whatever it may still ask",
    script: `kubectl apply -f https://raw.githubusercontent.com/kubernetes/ingress-nginx/controller-v1.12.1/deploy/static/provider/cloud/deploy.yaml >/dev/null
kubectl -n ingress-nginx wait --for=condition=Ready pod -l app.kubernetes.io/component=controller --timeout=90s
kubectl delete ns ingress-nginx; sleep 20; kubectl get ns ingress-nginx`,
    expect: ["condition met", 'namespace "ingress-nginx" deleted', 'namespaces "ingress-nginx" not found'],
  },
  {
    name: "cert-manager's kinds are served and explained, and its parts run",
    script: `kubectl apply -f https://github.com/cert-manager/cert-manager/releases/download/v1.17.1/cert-manager.yaml | tail -1
kubectl -n cert-manager wait --for=condition=Available deployment --all --timeout=120s
kubectl get crd -o name | grep -c cert-manager.io; kubectl explain certificate.spec.subject | grep -A1 organizations
kubectl apply -f - <<'Y'
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: web}
spec: {secretName: web-tls, dnsNames: [web.example.org], issuerRef: {name: ca, kind: ClusterIssuer}, subject: {organizations: [shop]}}
Y
kubectl get cert web --no-headers; kubectl get crd certificates.cert-manager.io -o jsonpath='{.spec.names.shortNames}'`,
    expect: [
      "deployment.apps/cert-manager-webhook created",
      "deployment.apps/cert-manager-webhook condition met",
      /^6$/,
      "organizations",
      "Organizations to be used on the Certificate.",
      "certificate.cert-manager.io/web created",
      /^web +web-tls /,
      '["cert","certs"]',
    ],
  },
  {
    name: "podinfo is probed by its own client, taken out of service, and crashes when told",
    script: `kubectl create deployment podinfo --image=ghcr.io/stefanprodan/podinfo:6.7.1 --port=9898
kubectl patch deployment podinfo --type=json -p '[{"op":"add","path":"/spec/template/spec/containers/0/readinessProbe","value":{"exec":{"command":["podcli","check","http","localhost:9898/readyz"]},"periodSeconds":5,"timeoutSeconds":5}}]'
kubectl rollout status deployment podinfo
kubectl exec deploy/podinfo -- curl -s localhost:9898 | grep version
kubectl exec deploy/podinfo -- curl -s -X POST localhost:9898/readyz/disable
kubectl wait --for=condition=Ready=false pod -l app=podinfo --timeout=60s
kubectl exec deploy/podinfo -- curl -s localhost:9898/panic; sleep 5
kubectl get pod -l app=podinfo -o jsonpath='{.items[0].status.containerStatuses[0].lastState.terminated.exitCode}{"\\n"}'`,
    expect: ["successfully rolled out", '"version": "6.7.1"', "condition met", "255"],
  },
  {
    name: "a claim is bound, mounted, and what was written stays for the next Pod",
    script: `kubectl apply -f - <<'Y'
apiVersion: v1
kind: PersistentVolume
metadata: {name: disk}
spec: {capacity: {storage: 2Gi}, accessModes: [ReadWriteOnce], storageClassName: manual, hostPath: {path: /mnt/disk}}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], storageClassName: manual, resources: {requests: {storage: 1Gi}}}
Y
pod() { kubectl apply -f - <<Y
apiVersion: v1
kind: Pod
metadata: {name: $1}
spec:
  nodeName: worker-1
  restartPolicy: Never
  containers: [{name: c, image: busybox, command: [sh, -c, "$2"], volumeMounts: [{name: v, mountPath: /data}]}]
  volumes: [{name: v, persistentVolumeClaim: {claimName: data}}]
Y
kubectl wait --for=jsonpath='{.status.phase}'=Succeeded pod/$1 --timeout=60s; }
kubectl get pvc data; pod writer "echo kept > /data/file"; pod reader "cat /data/file"; kubectl logs reader
kubectl delete pod reader writer; kubectl delete pvc data; kubectl get pv disk`,
    expect: [
      /^data +Bound +disk +2Gi +RWO +manual/,
      "pod/writer condition met",
      "kept",
      /^disk +2Gi +RWO +Retain +Released +default\/data +manual/,
    ],
  },
  {
    name: "a Pod waits for its claim, and a claim that waits for its first consumer goes where the volume is",
    script: `kubectl apply -f - <<'Y'
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: local}
provisioner: kubernetes.io/no-provisioner
volumeBindingMode: WaitForFirstConsumer
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: near}
spec: {accessModes: [ReadWriteOnce], storageClassName: local, resources: {requests: {storage: 1Gi}}}
---
apiVersion: v1
kind: Pod
metadata: {name: user}
spec:
  containers: [{name: c, image: nginx, volumeMounts: [{name: v, mountPath: /data}]}]
  volumes: [{name: v, persistentVolumeClaim: {claimName: near}}]
Y
sleep 2; kubectl get events -o json | jq -r '.items[]|select(.involvedObject.name=="user" or .involvedObject.name=="near")|.message'
ssh worker-2 sudo mkdir -p /mnt/near
kubectl apply -f - <<'Y'
apiVersion: v1
kind: PersistentVolume
metadata: {name: on-2}
spec:
  capacity: {storage: 1Gi}
  accessModes: [ReadWriteOnce]
  storageClassName: local
  local: {path: /mnt/near}
  nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [worker-2]}]}]}}
Y
ready pod/user; kubectl get pod user -o wide; kubectl get pvc near`,
    expect: [
      "didn't find available persistent volumes to bind",
      /^user +1\/1 +Running .* worker-2 /,
      /^near +Bound +on-2 /,
    ],
  },
  {
    name: "curl sends files and standard input as they are, and tries again",
    script: `token=$(kubectl create token default)
kubectl create clusterrolebinding robot --clusterrole=cluster-admin --serviceaccount=default:default >/dev/null
api=$(kubectl config view --minify -o jsonpath='{.clusters[0].cluster.server}')/api/v1/namespaces/default
call() { curl -sk -H "Authorization: Bearer $token" "$@"; }
kubectl run a --image=nginx --dry-run=client -o yaml >a.yaml
call -X POST -H 'Content-Type: application/yaml' --data-binary @a.yaml $api/pods | jq -r .metadata.name
sed 's/: a$/: b/' a.yaml | call -H 'Content-Type: application/yaml' --data-binary @- $api/pods | jq -r .metadata.name
kubectl create configmap c --dry-run=client -o json | call --json @- $api/configmaps | jq -r .metadata.name
kubectl get cm c -o json | jq '.data.x = "y"' | call -T - -H 'Content-Type: application/json' $api/configmaps/c | jq -c .data
curl -s --retry 2 --retry-connrefused --retry-delay 3 http://127.0.0.1:1; echo "$? after $SECONDS s"
curl --retry 1 --retry-connrefused http://127.0.0.1:1`,
    expect: [
      /^a$/,
      /^b$/,
      /^c$/,
      '{"x":"y"}',
      /^7 after [67] s$/,
      "Warning: Problem : connection refused. Will retry in 1 seconds. 1 retries left.",
      "curl: (7) Failed to connect to 127.0.0.1 port 1",
    ],
  },
  {
    name: "nginx needs to write: as root, or where volumes let it",
    script: `pod() { kubectl apply -f - <<Y
apiVersion: v1
kind: Pod
metadata: {name: $1}
spec:
  containers: [{name: c, image: $2, securityContext: $3, volumeMounts: $4}]
  volumes: [{name: a, emptyDir: {}}, {name: b, emptyDir: {}}]
Y
}
pod user nginx '{runAsUser: 1000}' '[]'
pod locked nginx '{readOnlyRootFilesystem: true}' '[]'
pod open nginx '{readOnlyRootFilesystem: true}' '[{name: a, mountPath: /var/cache/nginx}, {name: b, mountPath: /var/run}]'
pod small nginxinc/nginx-unprivileged '{runAsNonRoot: true, runAsUser: 101}' '[]'
sleep 40; kubectl logs user; kubectl logs locked
kubectl get pods open small --no-headers; kubectl exec small -- curl -s localhost:8080 | grep title
kubectl apply -f - <<'Y'
apiVersion: v1
kind: Pod
metadata: {name: well}
spec: {containers: [{name: c, image: registry.k8s.io/liveness, args: [/server], livenessProbe: {httpGet: {path: /healthz, port: 8080}, periodSeconds: 3}}]}
Y
sleep 40; kubectl get pod well --no-headers`,
    expect: [
      'the "user" directive makes sense only if the master process runs with super-user privileges, ignored in /etc/nginx/nginx.conf:2',
      'nginx: [emerg] mkdir() "/var/cache/nginx/client_temp" failed (13: Permission denied)',
      'nginx: [emerg] mkdir() "/var/cache/nginx/client_temp" failed (30: Read-only file system)',
      /^open +1\/1 +Running +0/,
      /^small +1\/1 +Running +0/,
      "<title>Welcome to nginx!</title>",
      /^well +1\/1 +Running +[1-3] /,
    ],
  },
  {
    name: "what keeps containers alive keeps them alive",
    script: `i=0
for c in 'tail -f /dev/null' 'sleep infinity' 'sleep 1d' 'while true; do sleep 30; done' 'while :; do date; sleep 1; done >/tmp/log' \
  'touch /tmp/a; tail -F /tmp/a' 'trap : TERM INT; sleep infinity & wait' 'cat /dev/zero >/dev/null' 'mkfifo /tmp/p; cat /tmp/p' 'nc -lk -p 80 -e cat' 'httpd -f'; do
  i=$((i+1)); kubectl run p$i --image=busybox:1.36 --command -- sh -c "$c" >/dev/null
done
kubectl run b --image=ubuntu --command -- bash -c 'tail -f /dev/null' >/dev/null
sleep 40; kubectl get pods --no-headers | awk '{print $3, $4}' | sort | uniq -c
kubectl exec p1 -- echo still here`,
    expect: [/^ *12 Running 0$/, "still here"],
  },
  {
    name: "a changed image restarts a Pod that is never restarted otherwise",
    script: `kubectl run web --image=nginx:1.26 --restart=Never
ready pod/web; sleep 5; kubectl set image pod/web web=nginx:1.27; sleep 20
kubectl get pod web --no-headers; kubectl get pod web -o jsonpath='{.status.containerStatuses[0].image}{"\\n"}'`,
    expect: [/^web +1\/1 +Running +1 \(\d+s ago\)/, "docker.io/library/nginx:1.27"],
  },
  {
    name: "a StatefulSet mounts its claim templates; a mount of nothing is told of when its Pod is made",
    script: `sts() { kubectl apply -f - <<Y
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: $1}
spec:
  selector: {matchLabels: {app: $1}}
  serviceName: $1
  template:
    metadata: {labels: {app: $1}}
    spec: {containers: [{name: c, image: nginx, volumeMounts: [{name: www, mountPath: /www}]}]}
  $2
Y
}
sts with 'volumeClaimTemplates: [{metadata: {name: www}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}]'
sts without; sleep 3
kubectl get pvc --no-headers
kubectl get events | grep statefulset/without`,
    expect: [
      "statefulset.apps/with created",
      "statefulset.apps/without created",
      /^www-with-0 /,
      'create Pod without-0 in StatefulSet without failed error: Pod "without-0" is invalid: spec.containers[0].volumeMounts[0].name: Not found: "www"',
    ],
  },
  {
    name: "NetworkPolicies let through what they name, and drop the rest",
    script: `kubectl run web --image=nginx --labels=app=web; kubectl expose pod web --port=80
kubectl run friend --image=busybox --labels=role=friend -- sleep 1d; kubectl run stranger --image=busybox -- sleep 1d
ready pod/web pod/friend pod/stranger; fetch stranger http://web
kubectl apply -f - <<'Y'
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web}
spec: {podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {matchLabels: {role: friend}}}], ports: [{port: 80}]}]}
Y
sleep 1; fetch friend http://web; fetch stranger http://web
kubectl apply -f - <<'Y'
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: silent}
spec: {podSelector: {matchLabels: {role: friend}}, policyTypes: [Egress]}
Y
sleep 1; fetch friend http://web; kubectl delete netpol --all >/dev/null; sleep 1; fetch friend http://web; fetch stranger http://web
kubectl get pod web --no-headers`,
    expect: [
      "stranger reaches http://web",
      "friend reaches http://web",
      "stranger does not reach http://web",
      "friend does not reach http://web",
      "friend reaches http://web",
      "stranger reaches http://web",
      /^web +1\/1 +Running +0 /,
    ],
  },
  {
    name: "a container over its memory limit is OOMKilled",
    script: `kubectl apply -f - <<'Y'
apiVersion: v1
kind: Pod
metadata: {name: hog}
spec:
  containers:
  - name: hog
    image: polinux/stress
    command: [stress]
    args: [--vm, "1", --vm-bytes, 150M, --vm-hang, "1"]
    resources: {limits: {memory: 100Mi}}
Y
kubectl wait --for=jsonpath='{.status.containerStatuses[0].restartCount}'=1 pod/hog --timeout=60s
kubectl get pod hog -o json | jq -c '.status.containerStatuses[0].lastState.terminated|[.reason,.exitCode]'`,
    expect: ["pod/hog condition met", '["OOMKilled",137]'],
  },
  {
    name: "images that courses use do what they are for",
    script: `kubectl run db --image=mysql:8.0; kubectl run db2 --image=mysql:8.0 --env=MYSQL_ROOT_PASSWORD=x
kubectl run cache --image=redis:7; kubectl run web --image=httpd:2.4; kubectl create job pi --image=perl:5.34.0 -- perl -Mbignum=bpi -wle 'print bpi(30)'
ready pod/cache pod/web pod/db2; kubectl wait --for=condition=complete job/pi --timeout=90s
kubectl logs db | head -1; kubectl exec db2 -- mysqladmin ping; kubectl exec cache -- redis-cli set a 41; kubectl exec cache -- redis-cli incr a
kubectl exec cache -- sh -c 'exec 3<>/dev/null; hostname'; kubectl logs job/pi
ssh worker-1 curl -s "$(kubectl get pod web -o jsonpath='{.status.podIP}')"; kubectl logs web | tail -1`,
    expect: [
      "job.batch/pi condition met",
      "Database is uninitialized and password option is not specified",
      "mysqld is alive",
      "OK",
      "42",
      "cache",
      "3.14159265358979323846264338328",
      "<html><body><h1>It works!</h1></body></html>",
      /"GET \/ HTTP\/1.1" 200 45$/,
    ],
  },
  {
    name: "who asks more of the API server than a client may waits for its turn, and says so after a second",
    script: `kubectl create deployment web --image=nginx --replicas=60 >/dev/null; sleep 1
kubectl get pods --no-headers | wc -l | awk '{print ($1 > 25 && $1 < 56) ? "a burst" : $1}'
kubectl rollout status deploy/web --timeout=120s >/dev/null
leader=$(kubectl get lease -n kube-system kube-controller-manager -o jsonpath={.spec.holderIdentity} | cut -d_ -f1)
kubectl logs -n kube-system kube-controller-manager-$leader | grep -o "] Waited.*"
kubectl drain worker-1 --ignore-daemonsets --delete-emptydir-data 2>&1 | grep -oE "] Waited.*pods/web"`,
    expect: [
      "a burst",
      /^\] Waited for 1\.[0-9]+s due to client-side throttling, not priority and fairness, request: POST:https:\/\/192\.168\.108\.10:6443\/api\/v1\/namespaces\/default\/pods$/,
      /^\] Waited for 1\.[0-9]+s due to client-side throttling, not priority and fairness, request: POST:https:\/\/192\.168\.108\.10:6443\/api\/v1\/namespaces\/default\/pods\/web$/,
    ],
  },
  {
    name: "a drain tries a budget's Pod every five seconds until its own time is up",
    script: `kubectl create deployment web --image=nginx --replicas=4 >/dev/null; kubectl rollout status deployment/web >/dev/null
kubectl create pdb web --selector=app=web --min-available=4 >/dev/null; sleep 1
node=$(kubectl get pods -l app=web -o jsonpath='{.items[0].spec.nodeName}')
n=$(kubectl get pods -l app=web --field-selector spec.nodeName=$node -o name | wc -l)
start=$SECONDS; kubectl drain $node --ignore-daemonsets --delete-emptydir-data --timeout=12s >out 2>&1; echo "rc $? after $((SECONDS - start)) s"
[ $(grep -c 'will retry after 5s' out) = $((3 * n)) ] && echo three times each; grep -A1 pending.nodes out
grep -o 'global timeout reached: 12s' out | sort -u
kubectl drain $node --ignore-daemonsets --delete-emptydir-data --disable-eviction | grep -c '^pod/web.* deleted' | sed "s/^$n$/all deleted/"`,
    expect: [
      "rc 1 after 15 s",
      "three times each",
      "There are pending nodes to be drained:",
      "global timeout reached: 12s",
      "all deleted",
    ],
  },
  {
    name: "a tool that an image has besides BusyBox is itself, an applet is BusyBox's",
    script: `kubectl run net --image=nicolaka/netshoot -- sleep 999 >/dev/null; kubectl run bb --image=busybox -- sleep 999 >/dev/null
ready pod/net pod/bb
for pod in net bb; do kubectl exec $pod -- sh -c 'ping -c 1 127.0.0.1 | grep packets; ping -c 1 -W 1 192.0.2.1 | grep packets; nslookup kubernetes.default.svc.cluster.local | grep Address | head -1; ip link | head -1'; done`,
    expect: [
      "1 packets transmitted, 1 received, 0% packet loss, time 0ms",
      "1 packets transmitted, 0 received, 100% packet loss, time 0ms",
      /^Address:\t[\d.]+#53$/,
      /^1: lo: .* state UNKNOWN mode DEFAULT group default qlen 1000$/,
      "1 packets transmitted, 1 packets received, 0% packet loss",
      "1 packets transmitted, 0 packets received, 100% packet loss",
      /^Address:\t[\d.]+:53$/,
      /^1: lo: .* qdisc noqueue qlen 1000$/,
    ],
  },
  {
    name: "a Python program that keeps more than it may is ended, and what it lets go counts no longer",
    script: `kubectl apply -f - <<END >/dev/null
apiVersion: v1
kind: Pod
metadata: {name: hog}
spec:
  containers:
  - name: keeps
    image: python:3.11-slim
    command: [python3, -c]
    args: ["import time\\ndef more(n):\\n    return 'x' * (n * 1024 * 1024)\\nheld = []\\nwhile True:\\n    held.append(more(10))\\n    print(len(held), flush=True)\\n    time.sleep(1)\\n"]
    resources: {limits: {memory: 64Mi}}
  - name: lets-go
    image: python:3.11-slim
    command: [python3, -c]
    args: ["import time\\nfor i in range(60):\\n    text = 'y' * (20 * 1024 * 1024)\\n    time.sleep(1)\\nprint('well')\\ntime.sleep(3600)\\n"]
    resources: {limits: {memory: 64Mi}}
END
sleep 90; kubectl logs hog -c keeps -p | tail -1
kubectl get pod hog -o jsonpath='{range .status.containerStatuses[*]}{.name} {.restartCount} {.lastState.terminated.reason}{"\\n"}{end}'; kubectl logs hog -c lets-go`,
    expect: [/^[56]$/, /^keeps [1-9] OOMKilled$/, /^lets-go 0 $/, /^well$/],
  },
  {
    name: "controllers whose work is not modelled let pass what their webhooks are asked, and proxies before metrics speak TLS",
    script: `kubectl create deployment gk --image=openpolicyagent/gatekeeper:v3.18.0 --port=8443; kubectl expose deployment gk --port=443 --target-port=8443
kubectl create deployment ksm --image=registry.k8s.io/kube-state-metrics/kube-state-metrics:v2.15.0
kubectl patch deployment ksm --type=json -p '[{"op":"add","path":"/spec/template/spec/containers/0/args","value":["--port=8081","--telemetry-port=8082"]},{"op":"add","path":"/spec/template/spec/containers/-","value":{"name":"proxy","image":"quay.io/brancz/kube-rbac-proxy:v0.19.0","args":["--secure-listen-address=:9443","--upstream=http://127.0.0.1:8081/"],"securityContext":{"runAsNonRoot":true}}}]' >/dev/null
kubectl rollout status deployment gk --timeout=60s | tail -1; kubectl rollout status deployment ksm --timeout=60s | tail -1
kubectl apply -f - <<'EOF'
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: { name: gk }
webhooks:
- name: label.gatekeeper.sh
  clientConfig: { service: { name: gk, namespace: default, path: /v1/admitlabel } }
  rules: [ { apiGroups: [""], apiVersions: ["*"], operations: [CREATE], resources: [namespaces] } ]
  failurePolicy: Fail
  sideEffects: None
  admissionReviewVersions: [v1]
EOF
kubectl create namespace watched
kubectl run c --image=curlimages/curl --restart=Never --rm -i -q -- curl -sk https://$(kubectl get pod -l app=ksm -o jsonpath='{.items[0].status.podIP}'):9443/metrics`,
    expect: [
      'deployment "gk" successfully rolled out',
      'deployment "ksm" successfully rolled out',
      "validatingwebhookconfiguration.admissionregistration.k8s.io/gk created",
      /^namespace\/watched created$/,
      /^Unauthorized$/,
    ],
  },
];

describe("workloads, and what Kubernetes shows", () => {
  test.each(SCENARIOS)("$name", (scenario) => {
    expect(play(scenario, PRELUDE)).toEqual([]);
  });
});
