// Boots a cluster and types a few commands, then keeps the code that this compiled beside the engine (build.mjs).
import { keepCompiled, loadEngine } from "./engine-door.mjs";

const [file, cacheFile] = process.argv.slice(2);
const { engine, script } = loadEngine(file, "");
const session = new engine.Session({ lab: "playground", seed: 1, epochMs: Date.UTC(2026, 0, 5, 9) }, {});
session.boot();
session.apply({
  type: "script",
  id: "warm",
  machine: "workstation",
  user: "learner",
  name: "warm.sh",
  text: `
kubectl create deployment web --image=nginx --replicas=2 && kubectl rollout status deployment web
kubectl expose deployment web --port=80
kubectl get pods -A -o wide | sort | head -n 3
kubectl get deployment web -o yaml | grep image
kubectl describe pod -l app=web | tail -n 5
kubectl apply -f - <<'EOF'
apiVersion: v1
kind: Pod
metadata: { name: probe }
spec: { containers: [{ name: c, image: busybox, command: [sh, -c, sleep 3600] }] }
EOF
kubectl wait --for=condition=Ready pod/probe --timeout=60s
kubectl exec probe -- wget -qO- http://web
for i in 1 2 3; do [[ $i -gt 2 ]] && echo "$((i * 2))"; done
kubectl get pods -o json | jq -r '.items[].metadata.name'
kubectl delete pod probe --now
`,
});
session.kernel.run(session.kernel.now + 5 * engine.MINUTE);
keepCompiled(script, cacheFile);
