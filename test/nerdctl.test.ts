import { expect, it } from "vitest";
import { Stage } from "./stage.ts";

/** What has no place among the recorded answers: registries, Pods, other machines and boots. */
const SCRIPT = `
w1() { ssh worker-1 "sudo $*"; }
w1 nerdctl pull docker.io/library/busybox:1.36 | sed 's/sha256:[0-9a-f]*/D/; s/ .*//'
w1 nerdctl pull busybox:nosuch 2>&1 | grep -o 'level=.*'
w1 nerdctl run --rm nosuch/nosuch 2>&1 | grep -o 'fatal.*'
echo '-- the kubelet'
w1 "nerdctl -n k8s.io ps --format '{{.Names}} {{.Status}}' | grep proxy | sed 's/proxy-[a-z0-9]*/proxy-X/' | sort"
w1 nerdctl images -q | wc -l
w1 nerdctl -n k8s.io image prune -af | grep -c coredns:
w1 crictl images | grep -c coredns
echo '-- a service'
w1 nerdctl run -d --name web --restart always -p 8080:80 busybox:1.36 httpd -f -h / | wc -c
w1 "nerdctl exec web sh -c 'echo hello > /index.html'"
curl -s $(kubectl get node worker-1 -o jsonpath='{.status.addresses[0].address}'):8080
kubectl run p --image=nginx:1.27 --overrides='{"spec":{"nodeName":"worker-2"}}' > /dev/null
kubectl wait --for=condition=Ready pod/p > /dev/null
w1 nerdctl exec web wget -qO- http://$(kubectl get pod p -o jsonpath='{.status.podIP}') | head -1
echo '-- another machine'
w1 nerdctl commit web mine:1 | wc -c
w1 nerdctl save mine:1 > mine.tar
ssh worker-2 sudo nerdctl -n k8s.io load < mine.tar | tail -1
kubectl run m --image=docker.io/library/mine:1 --image-pull-policy=Never --overrides='{"spec":{"nodeName":"worker-2"}}' -- httpd -f -h / > /dev/null
kubectl wait --for=condition=Ready pod/m
w1 curl -s $(kubectl get pod m -o jsonpath='{.status.podIP}')
echo '-- a boot'
w1 reboot
sleep 60
w1 "nerdctl ps --format '{{.Names}} {{.Status}}'"
w1 curl -s localhost:8080
echo '-- a terminal'
printf 'echo $((6 * 7))\\nexit 3\\n' | ssh -tt worker-1 'sudo nerdctl exec -it web sh' | grep -c 42
`;

it("nerdctl works with registries, Pods, other machines, and over a boot", () => {
  const shown = new Stage({ seed: 4 }).run(SCRIPT);
  expect(shown.faults).toEqual([]);
  expect(shown.out).toBe(`docker.io/library/busybox:1.36:
index-D:
manifest-D:
config-D:
layer-D:
elapsed:
level=info msg="trying next host - response was http.StatusNotFound" host=registry-1.docker.io
level=fatal msg="failed to resolve reference \\"docker.io/library/busybox:nosuch\\": docker.io/library/busybox:nosuch: not found"
fatal msg="failed to resolve reference \\"docker.io/nosuch/nosuch:latest\\": pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed"
-- the kubelet
k8s://kube-system/kube-proxy-X Up
k8s://kube-system/kube-proxy-X/kube-proxy Up
1
0
1
-- a service
65
hello
<!DOCTYPE html>
-- another machine
72
Loaded image: mine:1
pod/m condition met
hello
-- a boot
web Up
hello
-- a terminal
1
`);
});
