import { describe, expect, test } from "vitest";
import { play, type Scenario } from "./scenario.ts";

const PRELUDE = `
install() {
  curl -sLO https://github.com/kubernetes-sigs/metrics-server/releases/latest/download/components.yaml
  sed -i 's/^\\( *\\)- --metric-resolution=15s/&\\n\\1- --kubelet-insecure-tls/' components.yaml
  kubectl apply -f components.yaml >/dev/null
  kubectl -n kube-system rollout status deployment metrics-server >/dev/null; sleep 20
}
`;

const SCENARIOS: readonly Scenario[] = [
  {
    name: "scheduler and controller manager show their metrics to those who may get them, and their health to all",
    script: `ask() { ssh cp-1 "sudo curl -sk $*"; }
ask -o /dev/null -w '%{http_code}' https://127.0.0.1:10257/healthz; echo
for port in 10257 10259; do ask https://127.0.0.1:$port/metrics | jq -r .message; done
ask -H '"Authorization: Bearer nope"' https://127.0.0.1:10259/metrics | jq -r '.code, .message'
kubectl create sa prom >/dev/null; kubectl create clusterrole metrics --verb=get --non-resource-url=/metrics >/dev/null
kubectl create clusterrolebinding prom --clusterrole=metrics --serviceaccount=default:prom >/dev/null
T=$(kubectl create token prom)
kubectl run big --image=nginx --overrides='{"spec":{"nodeSelector":{"no":"such"}}}' >/dev/null; sleep 3
leader=$(kubectl get lease -n kube-system kube-scheduler -o jsonpath='{.spec.holderIdentity}' | cut -d_ -f1)
ssh $leader "curl -sk -H 'Authorization: Bearer $T' https://127.0.0.1:10259/metrics" | grep -E '^(leader|scheduler_pending.*unsch|scheduler_sch.*unsch)'
ask -H "'Authorization: Bearer $T'" https://127.0.0.1:10257/configz | jq -r .message
ask --cert /etc/kubernetes/pki/apiserver-kubelet-client.crt --key /etc/kubernetes/pki/apiserver-kubelet-client.key https://127.0.0.1:10259/metrics | grep -c build_info
ask --cert /etc/kubernetes/pki/etcd/server.crt --key /etc/kubernetes/pki/etcd/server.key https://127.0.0.1:10259/metrics | jq -r .message`,
    expect: [
      "200",
      'forbidden: User "system:anonymous" cannot get path "/metrics"',
      'forbidden: User "system:anonymous" cannot get path "/metrics"',
      "401",
      "Unauthorized",
      'leader_election_master_status{name="kube-scheduler"} 1',
      'scheduler_pending_pods{queue="unschedulable"} 1',
      /^scheduler_schedule_attempts_total\{profile="default-scheduler",result="unschedulable"} [1-9]/,
      'forbidden: User "system:serviceaccount:default:prom" cannot get path "/configz"',
      "3",
      "Unauthorized",
    ],
  },
  {
    name: "without metrics-server there are no figures; with kubeadm's own certificates it is never ready",
    script: `kubectl top nodes
kubectl apply -f https://github.com/kubernetes-sigs/metrics-server/releases/latest/download/components.yaml; sleep 60
kubectl get apiservice v1beta1.metrics.k8s.io; kubectl -n kube-system get deployment metrics-server
kubectl -n kube-system logs deployment/metrics-server | tail -1; kubectl top nodes`,
    expect: [
      "error: Metrics API not available",
      "apiservice.apiregistration.k8s.io/v1beta1.metrics.k8s.io created",
      "False (MissingEndpoints)",
      /^metrics-server +0\/1/,
      "cannot validate certificate for 192.168.108.23 because it doesn't contain any IP SANs",
      "error: Metrics API not available",
    ],
  },
  {
    name: "CPU is what containers use, within their limits",
    script: `install
kubectl run one --image=vish/stress -- -cpus 1
kubectl run half --image=vish/stress --overrides='{"spec":{"containers":[{"name":"half","image":"vish/stress","args":["-cpus","2"],"resources":{"limits":{"cpu":"500m"}}}]}}'
sleep 60; kubectl top pod --no-headers | sed 's/ *$//'`,
    expect: [/^half +50\dm +\d+Mi$/, /^one +(99\d|100\d)m +\d+Mi$/],
  },
  {
    name: "the walkthrough of horizontal autoscaling",
    script: `install
kubectl apply -f https://k8s.io/examples/application/php-apache.yaml
kubectl autoscale deployment php-apache --cpu-percent=50 --min=1 --max=10; sleep 45
kubectl get hpa --no-headers
kubectl run load-generator --image=busybox:1.28 --restart=Never -- /bin/sh -c "while sleep 0.01; do wget -q -O- http://php-apache; done"
sleep 150; kubectl describe hpa php-apache | grep rescale -i; kubectl get deployment php-apache --no-headers`,
    expect: [
      "cpu: 0%/50%",
      /SuccessfulRescale .*New size: \d; reason: cpu resource utilization/,
      /^php-apache +([4-9])\/\1/,
    ],
  },
];

describe("metrics and autoscaling", () => {
  test.each(SCENARIOS)("$name", (scenario) => {
    expect(play(scenario, PRELUDE)).toEqual([]);
  });
});
