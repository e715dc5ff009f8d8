"""What a program on Debian's Python client sees of the API; each step prints a line of JSON. Argument: a kubeconfig."""

import json
import sys
import time

from kubernetes import client, config, utils, watch
from kubernetes.dynamic import DynamicClient
from kubernetes.stream import portforward, stream

config.load_kube_config(sys.argv[1])
core, apps = client.CoreV1Api(), client.AppsV1Api()


def tell(step, value):
    print(json.dumps([step, value]), flush=True)


def pod(name):
    container = client.V1Container(name="c", image="busybox", command=["sh", "-c", "echo hello; sleep 100000"])
    return client.V1Pod(metadata=client.V1ObjectMeta(name=name), spec=client.V1PodSpec(containers=[container]))


tell("nodes", [node.metadata.name for node in core.list_node().items][:2])
tell("created", core.create_namespaced_pod("default", pod("py")).status.phase)
watcher = watch.Watch()
for event in watcher.stream(core.list_namespaced_pod, "default", timeout_seconds=600):
    if event["object"].status.phase == "Running":
        tell("watched", event["object"].metadata.name)
        watcher.stop()
tell("log", core.read_namespaced_pod_log("py", "default"))


def execute(command, **options):
    return stream(
        core.connect_get_namespaced_pod_exec, "py", "default", command=command, stdout=True, stderr=True, tty=False, **options
    )


began = time.time()
tell("exec", execute(["sh", "-c", "echo out"], stdin=False))
shell = execute(["sh"], stdin=True, _preload_content=False)
shell.write_stdin("echo $((1 + 2)); exit 3\n")
shell.run_forever(timeout=20)
tell("shell", [shell.read_stdout(), shell.returncode])
tell("exec was quick", time.time() - began < 10)
try:
    core.create_namespaced_pod("default", pod("py"))
except client.exceptions.ApiException as refusal:
    tell("twice", [refusal.status, json.loads(refusal.body)["message"]])
tell("patched", core.patch_namespaced_pod("py", "default", {"metadata": {"labels": {"x": "y"}}}).metadata.labels)

labels = {"app": "web"}
template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "n", "image": "nginx"}]}}
deployment = {"metadata": {"name": "web"}, "spec": {"selector": {"matchLabels": labels}, "template": template}}
apps.create_namespaced_deployment("default", deployment)
tell("scaled", apps.patch_namespaced_deployment_scale("web", "default", {"spec": {"replicas": 2}}).spec.replicas)
while apps.read_namespaced_deployment_status("web", "default").status.ready_replicas != 2:
    time.sleep(0.1)
name = core.list_namespaced_pod("default", label_selector="app=web").items[0].metadata.name
socket = portforward(core.connect_get_namespaced_pod_portforward, name, "default", ports="80").socket(80)
socket.setblocking(True)
socket.sendall(b"GET / HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n")
tell("forwarded", socket.recv(15).decode())
dynamic = DynamicClient(client.ApiClient()).resources.get(api_version="apps/v1", kind="Deployment")
tell("dynamic", [item.metadata.name for item in dynamic.get(namespace="default").items])
notes = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "notes"}, "data": {"a": "b"}}
utils.create_from_dict(client.ApiClient(), notes)
tell("utils", core.read_namespaced_config_map("notes", "default").data)
tell("version", client.VersionApi().get_code().minor)
tell("deleted", core.delete_namespaced_pod("py", "default", grace_period_seconds=0).metadata.name)
