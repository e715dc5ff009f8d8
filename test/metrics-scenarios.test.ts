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
    name: "pages of metrics have the families that others ask for, each with its help and type",
    script: `api() { kubectl get --raw $1; }
admin() { ssh $1 "sudo curl -sk --cert /etc/kubernetes/pki/apiserver-kubelet-client.crt --key /etc/kubernetes/pki/apiserver-kubelet-client.key https://127.0.0.1:$2/metrics"; }
holder() { kubectl get lease -n kube-system $1 -o jsonpath='{.spec.holderIdentity}' | cut -d_ -f1; }
kubectl create deployment web --image=nginx >/dev/null; kubectl rollout status deployment web >/dev/null
for i in 1 2 3 4 5 6; do api /metrics; done > api.txt
count() { grep -o "^$1" $2 | head -1; }
count 'apiserver_request_duration_seconds_bucket{component="apiserver",dry_run="",group="apps",resource="deployments",scope="resource",subresource="",verb="POST",version="v1",le="+Inf"} [1-9]' api.txt
count 'apiserver_longrunning_requests{component="apiserver",group="",resource="pods",scope="cluster",subresource="",verb="WATCH",version="v1"} [1-9]' api.txt
count 'apiserver_current_inflight_requests{request_kind="readOnly"} 1' api.txt
count 'etcd_request_duration_seconds_count{operation="create",type="deployments.apps"} [1-9]' api.txt
count 'apiserver_storage_objects{resource="cronjobs.batch"} 0' api.txt
admin $(holder kube-controller-manager) 10257 > kcm.txt
count 'workqueue_adds_total{name="deployment"} [1-9]' kcm.txt; count 'workqueue_depth{name="replicaset"} 0' kcm.txt
count 'rest_client_requests_total{code="201",host="[0-9.]*:6443",method="POST"} [1-9]' kcm.txt
admin $(holder kube-scheduler) 10259 | grep -o '^scheduler_scheduling_attempt_duration_seconds_count{profile="default-scheduler",result="scheduled"} [1-9]'
N=$(kubectl get pods -l app=web -o jsonpath='{.items[0].spec.nodeName}')
K=/api/v1/nodes/$N/proxy/metrics; api $K | grep -oE '^kubelet_(started_pods_total|running_pods) [1-9]'
api $K/cadvisor | grep -oE '^container_memory_working_set_bytes.container="nginx",id="[^"]*",image="[^"]*nginx:latest"'
D=$(kubectl get pods -n kube-system -l k8s-app=kube-dns -o jsonpath='{.items[0].spec.nodeName}')
api /api/v1/nodes/$D/proxy/metrics/probes | grep -oE 'container="coredns",.*probe_type="(Liveness|Readiness)",result="successful"' | sed 's/pod="[^"]*",pod_uid="[^"]*"/…/' | sort -u
kubectl run q --image=busybox:1.36 --restart=Never -- nslookup kubernetes.default.svc.cluster.local >/dev/null; sleep 8
for p in $(kubectl get pods -n kube-system -l k8s-app=kube-dns -o name); do api /api/v1/namespaces/kube-system/pods/\${p#*/}:9153/proxy/metrics; done > dns.txt
grep -A1 '^# HELP coredns_dns_requests_total' dns.txt | head -2
count 'coredns_dns_request_duration_seconds_count{server="dns://:53",view="",zone="."} [1-9]' dns.txt
count 'coredns_dns_responses_total{plugin="loadbalance",rcode="NOERROR",server="dns://:53",view="",zone="."} [1-9]' dns.txt
count 'coredns_cache_entries{server="dns://:53",type="success",view="",zones="."} [0-9]' dns.txt
count 'coredns_plugin_enabled{name="kubernetes",server="dns://:53",view="",zone="."} 1' dns.txt
cat api.txt kcm.txt dns.txt | grep -v '^#' | sed 's/[{ ].*//; s/_bucket$//; s/_sum$//; s/_count$//' | sort -u > seen
cat api.txt kcm.txt dns.txt | awk '/^# TYPE/ {print $3}' | sort -u > typed; comm -23 seen typed`,
    expect: [
      /^apiserver_request_duration_seconds_bucket.* [1-9]$/,
      /^apiserver_longrunning_requests.* [1-9]$/,
      'apiserver_current_inflight_requests{request_kind="readOnly"} 1',
      /^etcd_request_duration_seconds_count\{operation="create",type="deployments.apps"} [1-9]$/,
      'apiserver_storage_objects{resource="cronjobs.batch"} 0',
      /^workqueue_adds_total/,
      "workqueue_depth",
      /^rest_client_requests_total/,
      /^scheduler_scheduling_attempt_duration_seconds_count/,
      /^kubelet_running_pods [1-9]/,
      /^kubelet_started_pods_total [1-9]/,
      /^container_memory_working_set_bytes/,
      'container="coredns",namespace="kube-system",…,probe_type="Readiness",result="successful"',
      "# HELP coredns_dns_requests_total Counter of DNS requests made per zone, protocol and family.",
      "# TYPE coredns_dns_requests_total counter",
      /^coredns_dns_request_duration_seconds_count/,
      /^coredns_dns_responses_total/,
      /^coredns_cache_entries/,
      /^coredns_plugin_enabled/,
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
