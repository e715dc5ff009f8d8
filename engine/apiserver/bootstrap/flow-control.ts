/** What priority and fairness of API servers begins with (apiserver pkg/apis/flowcontrol/bootstrap/default.go). */

const apiVersion = "flowcontrol.apiserver.k8s.io/v1";
const metadata = (name: string) => ({ name, annotations: { "apf.kubernetes.io/autoupdate-spec": "true" } });

const group = (name: string) => ({ kind: "Group", group: { name } });
const user = (name: string) => ({ kind: "User", user: { name } });
const account = (name: string) => ({ kind: "ServiceAccount", serviceAccount: { namespace: "kube-system", name } });
const EVERYBODY = [group("system:unauthenticated"), group("system:authenticated")];

const resources = (verbs: string[], apiGroup: string, names: string[], clusterScope = false) => ({
  verbs,
  apiGroups: [apiGroup],
  resources: names,
  ...(clusterScope && { clusterScope }),
  namespaces: ["*"],
});
const ANYTHING = {
  resourceRules: [resources(["*"], "*", ["*"], true)],
  nonResourceRules: [{ verbs: ["*"], nonResourceURLs: ["*"] }],
};
const HELD = ["get", "create", "update"];
const LEASES = resources(HELD, "coordination.k8s.io", ["leases"]);

type Method = "ByUser" | "ByNamespace" | undefined;

/** Name, level, precedence, what tells flows apart, whose requests, which of them. */
const SCHEMAS: readonly [string, string, number, Method, object[], object][] = [
  ["exempt", "exempt", 1, undefined, [group("system:masters")], ANYTHING],
  [
    "probes",
    "exempt",
    2,
    undefined,
    EVERYBODY,
    { nonResourceRules: [{ verbs: ["get"], nonResourceURLs: ["/healthz", "/readyz", "/livez"] }] },
  ],
  [
    "system-leader-election",
    "leader-election",
    100,
    "ByUser",
    [user("system:kube-controller-manager"), user("system:kube-scheduler"), account("*")],
    { resourceRules: [LEASES] },
  ],
  [
    "endpoint-controller",
    "workload-high",
    150,
    "ByUser",
    [
      user("system:kube-controller-manager"),
      account("endpoint-controller"),
      account("endpointslicemirroring-controller"),
    ],
    { resourceRules: [resources(HELD, "", ["endpoints"])] },
  ],
  [
    "workload-leader-election",
    "leader-election",
    200,
    "ByUser",
    [account("*")],
    { resourceRules: [resources(HELD, "", ["endpoints", "configmaps"]), LEASES] },
  ],
  [
    "system-node-high",
    "node-high",
    400,
    "ByUser",
    [group("system:nodes")],
    {
      resourceRules: [
        resources(["*"], "", ["nodes", "nodes/status"], true),
        resources(["*"], "coordination.k8s.io", ["leases"]),
      ],
    },
  ],
  ["system-nodes", "system", 500, "ByUser", [group("system:nodes")], ANYTHING],
  ["kube-controller-manager", "workload-high", 800, "ByNamespace", [user("system:kube-controller-manager")], ANYTHING],
  ["kube-scheduler", "workload-high", 800, "ByNamespace", [user("system:kube-scheduler")], ANYTHING],
  ["kube-system-service-accounts", "workload-high", 900, "ByNamespace", [account("*")], ANYTHING],
  ["service-accounts", "workload-low", 9000, "ByUser", [group("system:serviceaccounts")], ANYTHING],
  ["global-default", "global-default", 9900, "ByUser", EVERYBODY, ANYTHING],
  ["catch-all", "catch-all", 10_000, "ByUser", EVERYBODY, ANYTHING],
];

/** The FlowSchemas; `now` is when their levels were found. */
export function flowSchemas(now: string): object[] {
  return SCHEMAS.map(([name, level, matchingPrecedence, type, subjects, rules]) => ({
    apiVersion,
    kind: "FlowSchema",
    metadata: metadata(name),
    spec: {
      priorityLevelConfiguration: { name: level },
      matchingPrecedence,
      ...(type && { distinguisherMethod: { type } }),
      rules: [{ subjects, ...rules }],
    },
    status: {
      conditions: [
        {
          type: "Dangling",
          status: "False",
          lastTransitionTime: now,
          reason: "Found",
          message: `This FlowSchema references the PriorityLevelConfiguration object named "${level}" and it exists`,
        },
      ],
    },
  }));
}

/** Name, shares, percent that may be lent, queues and size of a hand. */
const LEVELS: readonly [string, number, number, number, number][] = [
  ["global-default", 20, 50, 128, 6],
  ["leader-election", 10, 0, 16, 4],
  ["node-high", 40, 25, 64, 6],
  ["system", 30, 33, 64, 6],
  ["workload-high", 40, 50, 128, 6],
  ["workload-low", 100, 90, 128, 6],
];

export function priorityLevels(): object[] {
  const make = (name: string, spec: object) => ({
    apiVersion,
    kind: "PriorityLevelConfiguration",
    metadata: metadata(name),
    spec,
    status: {},
  });
  const limited = (nominalConcurrencyShares: number, limitResponse: object, lendablePercent: number) => ({
    type: "Limited",
    limited: { nominalConcurrencyShares, limitResponse, lendablePercent },
  });
  return [
    make("exempt", { type: "Exempt", exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } }),
    make("catch-all", limited(5, { type: "Reject" }, 0)),
    ...LEVELS.map(([name, shares, lendable, queues, handSize]) =>
      make(name, limited(shares, { type: "Queue", queuing: { queues, handSize, queueLengthLimit: 50 } }, lendable)),
    ),
  ];
}
