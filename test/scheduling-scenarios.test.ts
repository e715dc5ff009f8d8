import { expect, test } from "vitest";
import { play, type Scenario } from "./scenario.ts";

/** What walk-throughs of schedulers and their configuration ask for. */
const SCENARIOS: readonly Scenario[] = [
  {
    // As the task "Configure Multiple Schedulers" has it: a Deployment with a ServiceAccount, without an election.
    name: "a second scheduler in a Pod of its own places the Pods that name it",
    script: `kubectl -n kube-system create serviceaccount my-scheduler >/dev/null
for role in kube-scheduler volume-scheduler; do kubectl create clusterrolebinding my-$role --clusterrole=system:$role --serviceaccount=kube-system:my-scheduler >/dev/null; done
kubectl -n kube-system create rolebinding my-scheduler --role=extension-apiserver-authentication-reader --serviceaccount=kube-system:my-scheduler >/dev/null
kubectl -n kube-system create configmap my-scheduler --from-literal=config.yaml='{apiVersion: kubescheduler.config.k8s.io/v1, kind: KubeSchedulerConfiguration, profiles: [{schedulerName: my-scheduler}], leaderElection: {leaderElect: false}}' >/dev/null
kubectl apply -f - <<'Y'
apiVersion: v1
kind: Pod
metadata: {name: my-scheduler, namespace: kube-system}
spec:
  serviceAccountName: my-scheduler
  containers:
  - name: c
    image: registry.k8s.io/kube-scheduler:v1.32.3
    command: [/usr/local/bin/kube-scheduler, --config=/etc/my/config.yaml]
    readinessProbe: {httpGet: {path: /healthz, port: 10259, scheme: HTTPS}}
    volumeMounts: [{name: config, mountPath: /etc/my}]
  volumes: [{name: config, configMap: {name: my-scheduler}}]
Y
kubectl run other --image=nginx --overrides='{"spec":{"schedulerName":"my-scheduler"}}'; sleep 1; kubectl get pod other --no-headers
kubectl -n kube-system wait pod my-scheduler --for=condition=Ready --timeout=90s
kubectl wait pod other --for=condition=Ready --timeout=90s
kubectl get events --field-selector involvedObject.name=other,reason=Scheduled -o custom-columns=F:.reportingComponent,I:.reportingInstance --no-headers
kubectl -n kube-system logs my-scheduler; kubectl -n kube-system get leases -o name`,
    expect: [
      /^other +0\/1 +Pending/,
      "pod/my-scheduler condition met",
      "pod/other condition met",
      /^my-scheduler +my-scheduler-my-scheduler$/,
      /client_config.go:659\] Neither --kubeconfig nor --master was specified. {2}Using the inClusterConfig/,
      /server.go:168\] "Golang settings" GOGC="" GOMAXPROCS="" GOTRACEBACK=""$/,
      /Serving securely on \[::\]:10259$/,
      "lease.coordination.k8s.io/kube-scheduler",
    ],
    never: [/leaderelection.go/],
  },
  {
    name: "profiles of one scheduler: one packs nodes, one does not preempt; a wrong file ends it",
    script: String.raw`cat >s.yaml <<'Y'
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
clientConnection: {kubeconfig: /etc/kubernetes/scheduler.conf}
profiles:
- schedulerName: default-scheduler
- schedulerName: packer
  pluginConfig: [{name: NodeResourcesFit, args: {scoringStrategy: {type: MostAllocated}}}]
  plugins: {score: {disabled: [{name: NodeResourcesBalancedAllocation}, {name: PodTopologySpread}, {name: ImageLocality}]}}
- schedulerName: polite
  plugins: {postFilter: {disabled: [{name: '*'}]}}
Y
for n in 1 2 3; do scp -q s.yaml cp-$n:/tmp/; ssh cp-$n "sudo cp /tmp/s.yaml /etc/kubernetes/; sudo sed -i -e 's#--kubeconfig=.*#--config=/etc/kubernetes/s.yaml#' -e 's#^    volumeMounts:#&\n    - {mountPath: /etc/kubernetes/s.yaml, name: s}#' -e 's#^  volumes:#&\n  - {name: s, hostPath: {path: /etc/kubernetes/s.yaml}}#' /etc/kubernetes/manifests/kube-scheduler.yaml"; done
sleep 60
for i in 1 2 3 4; do kubectl run p$i --image=nginx --overrides='{"spec":{"schedulerName":"packer","containers":[{"name":"c","image":"nginx","resources":{"requests":{"cpu":"200m"}}}]}}'; done >/dev/null
kubectl run big --image=nginx --overrides='{"spec":{"schedulerName":"polite","containers":[{"name":"c","image":"nginx","resources":{"requests":{"cpu":"9"}}}]}}' >/dev/null; sleep 3
echo nodes $(kubectl get pods p1 p2 p3 p4 -o jsonpath='{range .items[*]}{.spec.nodeName}{"\n"}{end}' | sort -u | wc -l)
kubectl events --for pod/big --no-headers
ssh cp-1 "sudo sed -i s/MostAllocated/Most/ /etc/kubernetes/s.yaml; sudo crictl stop \$(sudo crictl ps -q --name kube-scheduler) >/dev/null; sleep 8; sudo tail -qn1 /var/log/pods/kube-system_kube-scheduler-cp-1_*/kube-scheduler/1.log"`,
    expect: [
      /^nodes 1$/,
      /0\/6 nodes are available: 3 Insufficient cpu, 3 node\(s\) had untolerated taint \{node-role.kubernetes.io\/control-plane: \}\.$/,
      'err="initializing profiles: creating profile for scheduler name packer: initializing plugin \\"NodeResourcesFit\\": scoringStrategy.type: Unsupported value:',
    ],
  },
];

test.each(SCENARIOS)("$name", (scenario) => {
  expect(play(scenario)).toEqual([]);
});
