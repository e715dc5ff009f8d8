import { describe, expect, test } from "vitest";
import { play, type Scenario } from "./scenario.ts";

/** Shell functions that the scripts share. */
const PRELUDE = `
events() { kubectl get events -o json | jq -r --arg n "$1" '.items[]|select(.involvedObject.name==$n)|"\\(.reason)|\\(.count // 1)|\\(.source.component // .reportingComponent)|\\(.message)"'; }
state() { kubectl get pod "$1" -o json | jq -c '.status.containerStatuses[0]|[.restartCount,.state,.lastState]'; }
pod() { kubectl apply -f - >/dev/null; }
elapsed() { echo "$1 took $(( ($(date +%s%N) - $2) / 1000000000 )) s"; }
`;

function busyboxPod(name: string, command: string, rest = ""): string {
  return `pod <<'X'\napiVersion: v1\nkind: Pod\nmetadata: {name: ${name}}\nspec:\n  containers:\n  - name: c\n    image: busybox:1.36\n    command: [sh, -c, "${command}"]\n${rest}\nX\n`;
}

const PROBE_RESTARTS = `pod <<'X'
apiVersion: v1
kind: Pod
metadata: {name: tcp}
spec:
  containers:
  - name: web
    image: nginx:1.27
    livenessProbe: {tcpSocket: {port: 8080}, initialDelaySeconds: 3, periodSeconds: 10}
X
s=$(date +%s%N); kubectl wait --for=jsonpath='{.status.containerStatuses[0].restartCount}'=4 pod/tcp --timeout=5m; elapsed "four restarts" $s
`;

const SCENARIOS: readonly Scenario[] = [
  {
    // doBackOff (kuberuntime_manager.go): the first restart at once, then 10 s, 20 s, 40 s after the end, and the
    // worker's next look (10 s to 15 s apart) later.
    name: "a container that fails is restarted after 0, 10, 20, 40 s",
    script: `${busyboxPod("crash", "echo boom; exit 3")}
for n in 1 2 3 4; do
  kubectl wait --for=jsonpath='{.status.containerStatuses[0].restartCount}'=$n pod/crash --timeout=3m >/dev/null
  kubectl get pod crash -o json | jq -r '.status.containerStatuses[0]|"gap \\((.state.terminated.startedAt|fromdate)-(.lastState.terminated.finishedAt|fromdate))"'
done
sleep 20; kubectl get pod crash --no-headers; state crash; events crash; kubectl logs crash --previous`,
    expect: [
      /^gap [01]$/,
      /^gap 1\d$/,
      /^gap (2\d|3[0-5])$/,
      /^gap (4\d|5[0-5])$/,
      /^crash +0\/1 +CrashLoopBackOff +4 \(\d+s ago\)/,
      /"message":"back-off 1m20s restarting failed container=c pod=crash_default\(.*\)","reason":"CrashLoopBackOff"/,
      "Started|5|kubelet|Started container c",
      /^BackOff\|\d+\|kubelet\|Back-off restarting failed container c in pod crash_default\(/,
      "boom",
    ],
  },
  {
    name: "a liveness probe that fails three times restarts the container, which had 30 s to end",
    script: `${busyboxPod("live", "touch /tmp/ok; sleep 20; rm /tmp/ok; sleep 600", "    livenessProbe: {exec: {command: [cat, /tmp/ok]}, periodSeconds: 5}")}
kubectl wait --for=jsonpath='{.status.containerStatuses[0].restartCount}'=1 pod/live --timeout=2m
state live; events live`,
    expect: [
      "condition met",
      /"lastState"|\[1,\{"running".*"exitCode":137.*"reason":"Error"/,
      "Unhealthy|3|kubelet|Liveness probe failed: cat: can't open '/tmp/ok': No such file or directory",
      "Killing|1|kubelet|Container c failed liveness probe, will be restarted",
    ],
  },
  {
    // A container killed by its probe counts for back-off with the run before it: a run longer than the delay restarts.
    // Four runs of 23 s and a pull; of its events the 25 that a source may send in a burst come through.
    name: "restarts for a probe are not delayed while runs outlast the back-off",
    script: `${PROBE_RESTARTS}events tcp`,
    expect: [
      "condition met",
      /^four restarts took (9\d|10\d|11[0-2]) s$/,
      /^Unhealthy\|9\|kubelet\|Liveness probe failed: dial tcp [\d.]+:8080: connect: connection refused$/,
      "Killing|3|kubelet|Container web failed liveness probe, will be restarted",
    ],
    never: [/^BackOff/],
  },
  {
    name: "readiness decides on endpoints, not on restarts",
    script: `pod <<'X'
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec:
  containers:
  - {name: web, image: "nginx:1.27", readinessProbe: {httpGet: {path: /ready, port: 80}, periodSeconds: 5}}
X
kubectl expose pod web --port=80 >/dev/null; sleep 15
kubectl get pod web --no-headers; kubectl get endpoints web -o json | jq -c '[.subsets[]|(.addresses|length),(.notReadyAddresses|length)]'
kubectl exec web -- touch /usr/share/nginx/html/ready; sleep 6; kubectl get pod web --no-headers
kubectl get endpoints web -o json | jq -c '[.subsets[]|(.addresses|length),(.notReadyAddresses|length)]'
kubectl run c --image=busybox:1.36 --restart=Never -i --rm -q -- wget -qO- http://web | grep title
kubectl exec web -- rm /usr/share/nginx/html/ready; sleep 16; kubectl get pod web --no-headers; events web`,
    expect: [
      /^web +0\/1 +Running +0 /,
      "[0,1]",
      /^web +1\/1 +Running +0 /,
      "[1,0]",
      "<title>Welcome to nginx!</title>",
      /^web +0\/1 +Running +0 /,
      /^Unhealthy\|\d+\|kubelet\|Readiness probe failed: HTTP probe failed with statuscode: 404$/,
    ],
    never: [/^Killing/],
  },
  {
    name: "a startup probe holds the others back",
    script: `${busyboxPod(
      "slow",
      "sleep 22; touch /tmp/up; sleep 3600",
      "    startupProbe: {exec: {command: [test, -f, /tmp/up]}, periodSeconds: 5, failureThreshold: 10}\n    livenessProbe: {exec: {command: [test, -f, /tmp/up]}, periodSeconds: 1, failureThreshold: 1}",
    )}
sleep 10; kubectl get pod slow -o json | jq -c '.status.containerStatuses[0]|[.started,.ready,.restartCount]'
sleep 25; kubectl get pod slow -o json | jq -c '.status.containerStatuses[0]|[.started,.ready,.restartCount]'`,
    expect: ["[false,false,0]", "[true,true,0]"],
  },
  {
    name: "a process 1 that ignores SIGTERM takes its 30 s; one that heeds it does not",
    script: `${busyboxPod("deaf", "sleep 3600")}kubectl run web --image=nginx:1.27 >/dev/null
kubectl wait --for=condition=Ready pod/deaf pod/web --timeout=60s >/dev/null
s=$(date +%s%N); kubectl delete pod web; elapsed web $s
s=$(date +%s%N); kubectl delete pod deaf; elapsed deaf $s
events deaf`,
    expect: [
      'pod "web" deleted',
      /^web took [01] s$/,
      'pod "deaf" deleted',
      /^deaf took 3[01] s$/,
      "Killing|1|kubelet|Stopping container c",
    ],
  },
  {
    name: "hooks: preStop comes before the signal, a failing postStart ends the container",
    script: `pod <<'X'
apiVersion: v1
kind: Pod
metadata: {name: hooks}
spec:
  containers:
  - {name: c, image: "nginx:1.27", lifecycle: {preStop: {exec: {command: [sh, -c, "sleep 5"]}}}}
---
apiVersion: v1
kind: Pod
metadata: {name: bad}
spec:
  containers:
  - {name: c, image: "nginx:1.27", lifecycle: {postStart: {exec: {command: [sh, -c, "exit 1"]}}}}
X
kubectl wait --for=condition=Ready pod/hooks --timeout=60s >/dev/null
s=$(date +%s%N); kubectl delete pod hooks >/dev/null; elapsed hooks $s; events bad`,
    expect: [
      /^hooks took 5 s$/,
      /^FailedPostStartHook\|\d+\|kubelet\|PostStartHook failed$/,
      /^Killing\|\d+\|kubelet\|FailedPostStartHook$/,
    ],
  },
  {
    name: "images that cannot be had",
    script: `kubectl run tag --image=nginx:nope >/dev/null; kubectl run never --image=nginx:1.25 --image-pull-policy=Never >/dev/null
pod <<'X'
apiVersion: v1
kind: Pod
metadata: {name: name}
spec: {containers: [{name: c, image: "UPPER:1"}]}
X
sleep 4; kubectl get pods --no-headers; sleep 15; kubectl get pod tag --no-headers; events tag; events name`,
    expect: [
      /^name +0\/1 +InvalidImageName /,
      /^never +0\/1 +ErrImageNeverPull /,
      /^tag +0\/1 +ErrImagePull /,
      /^tag +0\/1 +ImagePullBackOff /,
      /^Pulling\|[12]\|kubelet\|Pulling image "nginx:nope"$/,
      /^Failed\|[12]\|kubelet\|Failed to pull image "nginx:nope": .*docker.io\/library\/nginx:nope: not found$/,
      /^Failed\|[12]\|kubelet\|Error: ErrImagePull$/,
      /^BackOff\|\d+\|kubelet\|Back-off pulling image "nginx:nope"$/,
      /^Failed\|\d+\|kubelet\|Error: ImagePullBackOff$/,
      /^InspectFailed\|\d+\|kubelet\|Failed to apply default image tag "UPPER:1": couldn't parse image name "UPPER:1": invalid reference format: repository name \(library\/UPPER\) must be lowercase$/,
    ],
  },
  {
    name: "what a container needs from a ConfigMap is waited for",
    script: `pod <<'X'
apiVersion: v1
kind: Pod
metadata: {name: env}
spec: {containers: [{name: c, image: "nginx:1.27", envFrom: [{configMapRef: {name: later}}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: vol}
spec:
  containers: [{name: c, image: "nginx:1.27", volumeMounts: [{name: v, mountPath: /v}]}]
  volumes: [{name: v, configMap: {name: later}}]
X
sleep 20; kubectl get pods --no-headers; events env; events vol
kubectl create configmap later --from-literal=k=v >/dev/null; sleep 40; kubectl get pods --no-headers; kubectl exec vol -- cat /v/k`,
    expect: [
      /^env +0\/1 +CreateContainerConfigError +0 /,
      /^vol +0\/1 +ContainerCreating +0 /,
      /^Failed\|\d+\|kubelet\|Error: configmap "later" not found$/,
      /^FailedMount\|\d+\|kubelet\|MountVolume.SetUp failed for volume "v" : configmap "later" not found$/,
      /^env +1\/1 +Running +0 /,
      /^vol +1\/1 +Running +0 /,
      "v",
    ],
  },
  {
    name: "a mounted ConfigMap follows within 90 s, subPath and environment never; labels at once",
    script: `kubectl create configmap app --from-literal=color=blue >/dev/null
pod <<'X'
apiVersion: v1
kind: Pod
metadata: {name: vols, labels: {tier: web}}
spec:
  containers:
  - name: c
    image: busybox:1.36
    command: [sleep, "3600"]
    env: [{name: COLOR, valueFrom: {configMapKeyRef: {name: app, key: color}}}]
    volumeMounts: [{name: cm, mountPath: /cm}, {name: cm, mountPath: /one, subPath: color}, {name: info, mountPath: /info}]
  volumes:
  - {name: cm, configMap: {name: app}}
  - {name: info, downwardAPI: {items: [{path: labels, fieldRef: {fieldPath: metadata.labels}}]}}
X
kubectl wait --for=condition=Ready pod/vols --timeout=60s >/dev/null
look() { echo "$1 $(kubectl exec vols -- sh -c 'cat /cm/color; echo " $(cat /one) $COLOR $(cat /info/labels)"')"; }
sleep 5; kubectl patch configmap app -p '{"data":{"color":"red"}}' >/dev/null; sleep 2; look now
kubectl label pod vols tier=db --overwrite >/dev/null; sleep 2; kubectl exec vols -- cat /info/labels; echo
sleep 90; look later; kubectl exec vols -- mount | grep -E ' on (/|/cm|/info) '`,
    expect: [
      'now blue blue blue tier="web"',
      'tier="db"',
      'later red blue blue tier="db"',
      /^overlay on \/ type overlay \(rw,relatime,lowerdir=/,
      "/dev/vda1 on /cm type ext4 (ro,relatime)",
      "tmpfs on /info type tmpfs (ro,relatime,size=3913592k,inode64)",
    ],
  },
  {
    name: "a Pod that fits nowhere says why",
    script: `kubectl run big --image=nginx:1.27 --overrides='{"spec":{"containers":[{"name":"big","image":"nginx:1.27","resources":{"requests":{"cpu":"64"}}}]}}' >/dev/null
kubectl run ssd --image=nginx:1.27 --overrides='{"spec":{"nodeSelector":{"disk":"ssd"}}}' >/dev/null
kubectl cordon worker-1 worker-2 worker-3 >/dev/null; kubectl run out --image=nginx:1.27 >/dev/null; sleep 2
events big; events ssd; events out
kubectl label node worker-2 disk=ssd >/dev/null; kubectl uncordon worker-2 >/dev/null; sleep 5; kubectl get pod ssd -o jsonpath='{.spec.nodeName}{"\\n"}'`,
    expect: [
      /^FailedScheduling\|1\|default-scheduler\|0\/6 nodes are available: 3 Insufficient cpu, 3 node\(s\) had untolerated taint \{node-role.kubernetes.io\/control-plane: \}\./,
      /^FailedScheduling\|1\|default-scheduler\|0\/6 nodes are available: 3 node\(s\) didn't match Pod's node affinity\/selector, 3 node\(s\) had untolerated taint/,
      /^FailedScheduling\|1\|default-scheduler\|0\/6 nodes are available: 3 node\(s\) had untolerated taint .*, 3 node\(s\) were unschedulable\. preemption: 0\/6 nodes are available: 6 Preemption is not helpful for scheduling\.$/,
      "worker-2",
    ],
  },
  {
    name: "init containers, a sidecar and the order in which they end",
    script: `pod <<'X'
apiVersion: v1
kind: Pod
metadata: {name: job}
spec:
  restartPolicy: Never
  initContainers:
  - {name: side, image: "busybox:1.36", restartPolicy: Always, command: [sh, -c, "trap 'exit 0' TERM; while :; do sleep 1; done"]}
  - {name: prep, image: "busybox:1.36", command: [sleep, "3"]}
  containers:
  - {name: main, image: "busybox:1.36", command: [sleep, "5"]}
---
apiVersion: v1
kind: Pod
metadata: {name: stuck}
spec:
  initContainers: [{name: prep, image: "busybox:1.36", command: [sh, -c, "exit 1"]}]
  containers: [{name: main, image: "nginx:1.27"}]
X
sleep 4; kubectl get pod job --no-headers; sleep 5; kubectl get pod job --no-headers; sleep 20
kubectl get pods --no-headers; kubectl get pod job -o jsonpath='{.status.phase}{"\\n"}'
events job | grep -E 'Started|Killing'; kubectl get pod stuck -o json | jq -c '.status|[.phase,(.conditions[]|select(.type=="Initialized")|.reason,.message),.containerStatuses[0].state]'`,
    expect: [
      /^job +1\/2 +Init:1\/2 +0 /,
      /^job +2\/2 +Running +0 /,
      /^job +0\/2 +Completed +0 /,
      /^stuck +0\/1 +Init:(CrashLoopBackOff|Error) +\d+ /,
      "Succeeded",
      "Started container side",
      "Started container prep",
      "Started container main",
      "Killing|1|kubelet|Stopping container side",
      '["Pending","ContainersNotInitialized","containers with incomplete status: [prep]",{"waiting":{"reason":"PodInitializing"}}]',
    ],
  },
  {
    name: "a Pod asks the API with its ServiceAccount's token and gets what RBAC gives",
    script: `kubectl create namespace team >/dev/null; kubectl create serviceaccount robot -n team >/dev/null
kubectl create role reader --verb=list --resource=pods -n team >/dev/null
kubectl create rolebinding rb --role=reader --serviceaccount=team:robot -n team >/dev/null
kubectl run api -n team --image=curlimages/curl --overrides='{"spec":{"serviceAccountName":"robot"}}' --command -- sleep 3600 >/dev/null
kubectl wait -n team --for=condition=Ready pod/api --timeout=60s >/dev/null
ask() { kubectl exec -n team api -- sh -c 'D=/var/run/secrets/kubernetes.io/serviceaccount; curl -s --cacert $D/ca.crt -H "Authorization: Bearer $(cat $D/token)" https://kubernetes.default.svc/api/v1/'$1 | jq -r '.message // .kind'; }
ask namespaces/team/pods; ask namespaces/team/secrets; ask nodes
kubectl run ghost --image=nginx --overrides='{"spec":{"serviceAccountName":"ghost"}}' 2>&1
kubectl delete namespace team; kubectl get namespace team 2>&1`,
    expect: [
      "PodList",
      'secrets is forbidden: User "system:serviceaccount:team:robot" cannot list resource "secrets" in API group "" in the namespace "team"',
      'nodes is forbidden: User "system:serviceaccount:team:robot" cannot list resource "nodes" in API group "" at the cluster scope',
      'Error from server (Forbidden): pods "ghost" is forbidden: error looking up service account default/ghost: serviceaccount "ghost" not found',
      'namespace "team" deleted',
      'Error from server (NotFound): namespaces "team" not found',
    ],
  },
  {
    name: "a rollout replaces Pods, a broken one stops and is undone",
    script: `kubectl create deployment web --image=nginx:1.26 --replicas=4 >/dev/null; kubectl rollout status deployment/web | tail -1
kubectl set image deployment/web nginx=nginx:1.27 >/dev/null; kubectl rollout status deployment/web | tail -1
kubectl get rs --no-headers -o custom-columns=I:.spec.template.spec.containers[0].image,R:.status.replicas | sort
kubectl set image deployment/web nginx=nginx:nope >/dev/null; sleep 620
kubectl get deployment web --no-headers; kubectl get deployment web -o json | jq -r '.status.conditions[]|"\\(.type) \\(.status) \\(.reason)"' | sort
kubectl rollout undo deployment/web; kubectl rollout status deployment/web | tail -1
kubectl delete pod -l app=web --wait=false >/dev/null; sleep 12; kubectl get deployment web --no-headers`,
    expect: [
      'deployment "web" successfully rolled out',
      'deployment "web" successfully rolled out',
      /^nginx:1.26 +0$/,
      /^nginx:1.27 +4$/,
      /^web +3\/4 +2 +3 /,
      "Available True MinimumReplicasAvailable",
      "Progressing False ProgressDeadlineExceeded",
      "deployment.apps/web rolled back",
      'deployment "web" successfully rolled out',
      /^web +4\/4 +4 +4 /,
    ],
  },
  {
    name: "a static Pod comes and goes with its file, whatever is done to its mirror",
    script: `ssh worker-1 'sudo tee /etc/kubernetes/manifests/st.yaml >/dev/null' <<'X'
apiVersion: v1
kind: Pod
metadata: {name: st}
spec: {containers: [{name: c, image: "nginx:1.27"}]}
X
sleep 30; kubectl get pod st-worker-1 --no-headers; kubectl get pod st-worker-1 -o json | jq -r '.metadata.ownerReferences[0].kind,.metadata.annotations["kubernetes.io/config.source"]'
kubectl delete pod st-worker-1; sleep 3; kubectl get pod st-worker-1 --no-headers
ssh worker-1 sudo rm /etc/kubernetes/manifests/st.yaml; sleep 25; kubectl get pods 2>&1`,
    expect: [
      /^st-worker-1 +1\/1 +Running +0 /,
      "Node",
      "file",
      'pod "st-worker-1" deleted',
      /^st-worker-1 +1\/1 +Running +0 +[0-5]s$/,
      "No resources found in default namespace.",
    ],
  },
  {
    // nodeMonitorGracePeriod 50 s, tolerationSeconds 300 of the default tolerations.
    name: "a node without its kubelet is NotReady after 50 s and its Pods are evicted 300 s later",
    script: `kubectl create deployment web --image=nginx:1.27 --replicas=3 >/dev/null; kubectl rollout status deployment/web >/dev/null
P=$(kubectl get pods -o wide --no-headers | awk '/worker-2/{print $1; exit}')
ssh worker-2 sudo systemctl stop kubelet; s=$(date +%s%N)
kubectl wait --for=condition=Ready=Unknown node/worker-2 --timeout=2m >/dev/null; elapsed NotReady $s; s=$(date +%s%N)
kubectl get node worker-2 -o json | jq -r '(.status.conditions[]|select(.type=="Ready")|.reason+" "+.message),(.spec.taints[]|.key+":"+.effect)'
kubectl get pod $P --no-headers | tr -s ' '
kubectl wait --for=jsonpath='{.metadata.deletionTimestamp}' pod/$P --timeout=10m >/dev/null; elapsed eviction $s
sleep 3; kubectl get pod $P --no-headers; kubectl get deployment web --no-headers; events $P
ssh worker-2 sudo systemctl start kubelet; sleep 5; kubectl get node worker-2 --no-headers; kubectl get pod $P 2>&1`,
    expect: [
      /^NotReady took (4[5-9]|5\d) s$/,
      "NodeStatusUnknown Kubelet stopped posting node status.",
      "node.kubernetes.io/unreachable:NoSchedule",
      /^web-\S+ 1\/1 Running 0/,
      /^eviction took (29[5-9]|30\d) s$/,
      /^web-\S+ +1\/1 +Terminating +0/,
      /^web +3\/3 +3 +3 /,
      "NodeNotReady|1|node-controller|Node is not ready",
      /^TaintManagerEviction\|1\|taint-eviction-controller\|Marking for deletion Pod default\/web-/,
      /^worker-2 +Ready /,
      /^Error from server \(NotFound\): pods "web-/,
    ],
  },
  {
    // internal/cri/server/restart.go: what a reboot ended has exit code 255 and reason Unknown.
    name: "after a reboot Pods run again in new sandboxes, with emptyDir kept",
    script: `${busyboxPod("boot", "date +%s >> /d/x; sleep 100000", "    volumeMounts: [{name: d, mountPath: /d}]\n  nodeName: worker-1\n  volumes: [{name: d, emptyDir: {}}]")}
kubectl wait --for=condition=Ready pod/boot --timeout=60s >/dev/null; A=$(kubectl get node worker-1 -o jsonpath='{.status.nodeInfo.bootID}')
ssh worker-1 sudo reboot >/dev/null 2>&1; sleep 90
state boot; kubectl exec boot -- wc -l /d/x; events boot; events worker-1 | grep Rebooted
B=$(kubectl get node worker-1 -o jsonpath='{.status.nodeInfo.bootID}'); [ "$A" != "$B" ] && echo new boot
kubectl get pods -A --field-selector spec.nodeName=worker-1 --no-headers | awk '{print $3, $4, $5}' | sort | uniq -c`,
    expect: [
      /^\[1,\{"running":.*\{"terminated":\{.*"exitCode":255,.*"reason":"Unknown"/,
      "2 /d/x",
      /^SandboxChanged\|\d+\|kubelet\|Pod sandbox changed, it will be killed and re-created\.$/,
      /^Rebooted\|1\|kubelet\|Node worker-1 has been rebooted, boot id: [0-9a-f-]{36}$/,
      "new boot",
      /^ +\d 1\/1 Running 1$/,
    ],
  },
  {
    name: "a stopped container runtime makes the node NotReady; Pods live on",
    script: `kubectl run web --image=nginx:1.27 --overrides='{"spec":{"nodeName":"worker-2"}}' >/dev/null; kubectl wait --for=condition=Ready pod/web --timeout=60s >/dev/null
ssh worker-2 sudo systemctl stop containerd; sleep 45
kubectl get node worker-2 -o json | jq -r '.status.conditions[]|select(.type=="Ready")|"\\(.status) \\(.reason) \\(.message)"'
ssh worker-2 sudo systemctl start containerd; sleep 20; kubectl get node worker-2 --no-headers; kubectl get pod web --no-headers`,
    expect: [/^False KubeletNotReady .*container runtime is down/, /^worker-2 +Ready /, /^web +1\/1 +Running +0 /],
  },
  {
    name: "the control plane outlives a scheduler, an API server and an etcd member, and comes back with its quorum",
    script: `L=$(kubectl get lease -n kube-system kube-scheduler -o jsonpath='{.spec.holderIdentity}' | cut -d_ -f1)
ssh $L 'sudo mv /etc/kubernetes/manifests/kube-scheduler.yaml /tmp/'; kubectl run p1 --image=nginx:1.27 >/dev/null; kubectl wait --for=condition=Ready pod/p1 --timeout=60s
ssh $L 'sudo mv /tmp/kube-scheduler.yaml /etc/kubernetes/manifests/'
ssh cp-1 'sudo mv /etc/kubernetes/manifests/kube-apiserver.yaml /tmp/'; sleep 5
kubectl get endpoints kubernetes -o json | jq -c '[.subsets[].addresses[].ip]'
ssh cp-1 'sudo mv /tmp/kube-apiserver.yaml /etc/kubernetes/manifests/'; sleep 30
ssh cp-2 'sudo mv /etc/kubernetes/manifests/etcd.yaml /tmp/'; sleep 5; kubectl create configmap two-of-three
ssh cp-3 'sudo mv /etc/kubernetes/manifests/etcd.yaml /tmp/'; sleep 5; kubectl create configmap one-of-three --request-timeout=10s >/dev/null 2>&1 || echo no quorum
for m in cp-2 cp-3; do ssh $m 'sudo mv /tmp/etcd.yaml /etc/kubernetes/manifests/'; done; sleep 30
kubectl create configmap three-of-three; kubectl get nodes --no-headers | awk '{print $2}' | sort | uniq -c`,
    expect: [
      "pod/p1 condition met",
      '["192.168.108.12","192.168.108.13"]',
      "configmap/two-of-three created",
      "no quorum",
      "configmap/three-of-three created",
      /^ +6 Ready$/,
    ],
  },
];

describe("what courses do, and what Kubernetes shows", () => {
  test.each(SCENARIOS)("$name", (scenario) => {
    expect(play(scenario, PRELUDE)).toEqual([]);
  });
});
