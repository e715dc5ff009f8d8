/** Where the controller is reached: a load balancer's address, ports of the nodes, or their own 80 and 443 (kind). */
export type IngressProvider = "cloud" | "baremetal" | "kind" | "aws";

/** What providers tell their load balancers. */
const ANNOTATIONS: Partial<Record<IngressProvider, string>> = {
  aws: `  annotations:
    service.beta.kubernetes.io/aws-load-balancer-backend-protocol: tcp
    service.beta.kubernetes.io/aws-load-balancer-cross-zone-load-balancing-enabled: "true"
    service.beta.kubernetes.io/aws-load-balancer-type: nlb
`,
};

/** One of the two Jobs that give the webhook its certificate; `args` of kube-webhook-certgen, after its command. */
function certgenJob(command: "create" | "patch", args: readonly string[]): string {
  return `---
apiVersion: batch/v1
kind: Job
metadata:
  name: ingress-nginx-admission-${command}
  namespace: ingress-nginx
  labels:
    app.kubernetes.io/name: ingress-nginx
    app.kubernetes.io/instance: ingress-nginx
    app.kubernetes.io/component: admission-webhook
spec:
  template:
    metadata:
      name: ingress-nginx-admission-${command}
      labels:
        app.kubernetes.io/name: ingress-nginx
        app.kubernetes.io/instance: ingress-nginx
        app.kubernetes.io/component: admission-webhook
    spec:
      serviceAccountName: ingress-nginx-admission
      restartPolicy: OnFailure
      nodeSelector: { kubernetes.io/os: linux }
      containers:
        - name: ${command}
          image: registry.k8s.io/ingress-nginx/kube-webhook-certgen:v1.5.2
          args:
${[command, ...args].map((arg) => `            - ${arg}\n`).join("")}          env:
            - name: POD_NAMESPACE
              valueFrom: { fieldRef: { fieldPath: metadata.namespace } }
`;
}

/**
 * What deploy/static/provider/…/deploy.yaml of kubernetes/ingress-nginx makes, in our own words: the controller with class
 * `nginx`, its rights, its Service, and the webhook with the two Jobs that certify it.
 */
export function ingressNginxManifest(version: string, provider: IngressProvider): string {
  const local = provider === "cloud" || provider === "aws" ? "  externalTrafficPolicy: Local\n" : "";
  const service = `  type: ${provider === "baremetal" ? "NodePort" : "LoadBalancer"}\n${local}`;
  const kind = provider === "kind";
  const publish = local === "" ? "" : "            - --publish-service=$(POD_NAMESPACE)/ingress-nginx-controller\n";
  const more = kind
    ? "            - --watch-ingress-without-class=true\n            - --publish-status-address=localhost\n"
    : "";
  const tolerations = kind
    ? `      tolerations:
        - { key: node-role.kubernetes.io/master, operator: Equal, effect: NoSchedule }
        - { key: node-role.kubernetes.io/control-plane, operator: Equal, effect: NoSchedule }
`
    : "";
  const onHost = (port: number) => (kind ? `, hostPort: ${port}` : "");
  return `apiVersion: v1
kind: Namespace
metadata:
  name: ingress-nginx
  labels: { app.kubernetes.io/name: ingress-nginx, app.kubernetes.io/instance: ingress-nginx }
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: ingress-nginx, namespace: ingress-nginx }
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: ingress-nginx-admission, namespace: ingress-nginx }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: ingress-nginx
  labels: { app.kubernetes.io/name: ingress-nginx, app.kubernetes.io/instance: ingress-nginx }
rules:
  - { apiGroups: [""], resources: [configmaps, endpoints, nodes, pods, secrets, namespaces, services], verbs: [get, list, watch] }
  - { apiGroups: [""], resources: [events], verbs: [create, patch] }
  - { apiGroups: ["networking.k8s.io"], resources: [ingresses, ingressclasses], verbs: [get, list, watch] }
  - { apiGroups: ["networking.k8s.io"], resources: [ingresses/status], verbs: [update] }
  - { apiGroups: ["discovery.k8s.io"], resources: [endpointslices], verbs: [get, list, watch] }
  - { apiGroups: ["coordination.k8s.io"], resources: [leases], verbs: [list, watch] }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: ingress-nginx
  labels: { app.kubernetes.io/name: ingress-nginx, app.kubernetes.io/instance: ingress-nginx }
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: ingress-nginx
subjects:
  - kind: ServiceAccount
    name: ingress-nginx
    namespace: ingress-nginx
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: ingress-nginx
  namespace: ingress-nginx
  labels: { app.kubernetes.io/name: ingress-nginx, app.kubernetes.io/instance: ingress-nginx }
rules:
  - { apiGroups: ["coordination.k8s.io"], resources: [leases], verbs: [create, get, update] }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: ingress-nginx
  namespace: ingress-nginx
  labels: { app.kubernetes.io/name: ingress-nginx, app.kubernetes.io/instance: ingress-nginx }
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: ingress-nginx
subjects:
  - kind: ServiceAccount
    name: ingress-nginx
    namespace: ingress-nginx
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: ingress-nginx-admission
  labels: { app.kubernetes.io/name: ingress-nginx, app.kubernetes.io/instance: ingress-nginx }
rules:
  - { apiGroups: ["admissionregistration.k8s.io"], resources: [validatingwebhookconfigurations], verbs: [get, update] }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: ingress-nginx-admission
  labels: { app.kubernetes.io/name: ingress-nginx, app.kubernetes.io/instance: ingress-nginx }
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: ingress-nginx-admission
subjects:
  - kind: ServiceAccount
    name: ingress-nginx-admission
    namespace: ingress-nginx
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: ingress-nginx-admission
  namespace: ingress-nginx
  labels: { app.kubernetes.io/name: ingress-nginx, app.kubernetes.io/instance: ingress-nginx }
rules:
  - { apiGroups: [""], resources: [secrets], verbs: [get, create] }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: ingress-nginx-admission
  namespace: ingress-nginx
  labels: { app.kubernetes.io/name: ingress-nginx, app.kubernetes.io/instance: ingress-nginx }
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: ingress-nginx-admission
subjects:
  - kind: ServiceAccount
    name: ingress-nginx-admission
    namespace: ingress-nginx
---
apiVersion: v1
kind: ConfigMap
metadata: { name: ingress-nginx-controller, namespace: ingress-nginx }
---
apiVersion: v1
kind: Service
metadata:
  name: ingress-nginx-controller
  namespace: ingress-nginx
${ANNOTATIONS[provider] ?? ""}  labels:
    app.kubernetes.io/name: ingress-nginx
    app.kubernetes.io/instance: ingress-nginx
    app.kubernetes.io/component: controller
spec:
${service}  selector:
    app.kubernetes.io/name: ingress-nginx
    app.kubernetes.io/instance: ingress-nginx
    app.kubernetes.io/component: controller
  ports:
    - { name: http, port: 80, targetPort: http, appProtocol: http }
    - { name: https, port: 443, targetPort: https, appProtocol: https }
---
apiVersion: v1
kind: Service
metadata:
  name: ingress-nginx-controller-admission
  namespace: ingress-nginx
  labels:
    app.kubernetes.io/name: ingress-nginx
    app.kubernetes.io/instance: ingress-nginx
    app.kubernetes.io/component: controller
spec:
  selector:
    app.kubernetes.io/name: ingress-nginx
    app.kubernetes.io/instance: ingress-nginx
    app.kubernetes.io/component: controller
  ports:
    - { name: https-webhook, port: 443, targetPort: webhook, appProtocol: https }
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: ingress-nginx-controller
  namespace: ingress-nginx
  labels:
    app.kubernetes.io/name: ingress-nginx
    app.kubernetes.io/instance: ingress-nginx
    app.kubernetes.io/component: controller
spec:
  selector:
    matchLabels:
      app.kubernetes.io/name: ingress-nginx
      app.kubernetes.io/instance: ingress-nginx
      app.kubernetes.io/component: controller
  strategy:
    type: RollingUpdate
    rollingUpdate: { maxUnavailable: 1 }
  template:
    metadata:
      labels:
        app.kubernetes.io/name: ingress-nginx
        app.kubernetes.io/instance: ingress-nginx
        app.kubernetes.io/component: controller
    spec:
      serviceAccountName: ingress-nginx
      terminationGracePeriodSeconds: ${kind ? 0 : 300}
${tolerations}      nodeSelector: { kubernetes.io/os: linux }
      containers:
        - name: controller
          image: registry.k8s.io/ingress-nginx/controller:${version}
          args:
            - /nginx-ingress-controller
${publish}            - --election-id=ingress-nginx-leader
            - --controller-class=k8s.io/ingress-nginx
            - --ingress-class=nginx
            - --configmap=$(POD_NAMESPACE)/ingress-nginx-controller
            - --validating-webhook=:8443
            - --validating-webhook-certificate=/usr/local/certificates/cert
            - --validating-webhook-key=/usr/local/certificates/key
${more}          env:
            - name: POD_NAME
              valueFrom: { fieldRef: { fieldPath: metadata.name } }
            - name: POD_NAMESPACE
              valueFrom: { fieldRef: { fieldPath: metadata.namespace } }
          ports:
            - { name: http, containerPort: 80${onHost(80)} }
            - { name: https, containerPort: 443${onHost(443)} }
            - { name: webhook, containerPort: 8443 }
          livenessProbe:
            httpGet: { path: /healthz, port: 10254 }
            initialDelaySeconds: 10
            failureThreshold: 5
          readinessProbe:
            httpGet: { path: /healthz, port: 10254 }
            initialDelaySeconds: 10
          lifecycle:
            preStop: { exec: { command: [/wait-shutdown] } }
          resources: { requests: { cpu: 100m, memory: 90Mi } }
          securityContext:
            runAsUser: 101
            runAsGroup: 82
            allowPrivilegeEscalation: false
            capabilities: { add: [NET_BIND_SERVICE], drop: [ALL] }
          volumeMounts:
            - { name: webhook-cert, mountPath: /usr/local/certificates/, readOnly: true }
      volumes:
        - name: webhook-cert
          secret: { secretName: ingress-nginx-admission }
${certgenJob("create", ["--host=ingress-nginx-controller-admission,ingress-nginx-controller-admission.$(POD_NAMESPACE).svc", "--namespace=$(POD_NAMESPACE)", "--secret-name=ingress-nginx-admission"])}${certgenJob("patch", ["--webhook-name=ingress-nginx-admission", "--namespace=$(POD_NAMESPACE)", "--patch-mutating=false", "--secret-name=ingress-nginx-admission", "--patch-failure-policy=Fail"])}---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata:
  name: nginx
  labels: { app.kubernetes.io/name: ingress-nginx, app.kubernetes.io/instance: ingress-nginx }
spec:
  controller: k8s.io/ingress-nginx
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata:
  name: ingress-nginx-admission
webhooks:
  - name: validate.nginx.ingress.kubernetes.io
    admissionReviewVersions: [v1]
    matchPolicy: Equivalent
    sideEffects: None
    failurePolicy: Fail
    rules:
      - apiGroups: [networking.k8s.io]
        apiVersions: [v1]
        operations: [CREATE, UPDATE]
        resources: [ingresses]
    clientConfig:
      service:
        name: ingress-nginx-controller-admission
        namespace: ingress-nginx
        path: /networking/v1/ingresses
        port: 443
`;
}
