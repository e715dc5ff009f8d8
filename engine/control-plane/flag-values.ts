/** Values that flags of the control plane's programs take, as far as they are no plain text (pflag, strconv, time). */
const words = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/));

const BOOLEANS = words(`
  allocate-node-cidrs allow-privileged anonymous-auth authentication-skip-lookup authentication-tolerate-lookup-failure
  authentication-token-webhook configure-cloud-routes contention-profiling enable-aggregator-routing
  enable-bootstrap-token-auth enable-dynamic-provisioning enable-garbage-collector leader-elect permit-address-sharing
  permit-port-sharing profiling service-account-extend-token-expiration service-account-lookup
  shutdown-send-retry-after use-service-account-credentials watch-cache
`);

const INTEGERS = words(`
  audit-log-maxage audit-log-maxbackup audit-log-maxsize apiserver-count default-watch-cache-size kube-api-burst
  max-mutating-requests-inflight max-requests-inflight min-request-timeout node-cidr-mask-size
  node-cidr-mask-size-ipv4 node-cidr-mask-size-ipv6 secure-port terminated-pod-gc-threshold
`);

const DURATIONS = words(`
  attach-detach-reconcile-sync-period cluster-signing-duration event-ttl horizontal-pod-autoscaler-sync-period
  leader-elect-lease-duration leader-elect-renew-deadline leader-elect-retry-period min-resync-period
  namespace-sync-period node-monitor-grace-period node-monitor-period node-startup-grace-period request-timeout
  resource-quota-sync-period service-account-max-token-expiration shutdown-delay-duration
`);

const ADDRESSES = words("advertise-address bind-address");

/** The first flag whose value its kind does not take, in pflag's words; undefined when all fit. */
export function wrongValue(flags: ReadonlyMap<string, string>): string | undefined {
  for (const [name, value] of flags) {
    const why = problemOf(name, value);
    if (why !== undefined) return `invalid argument ${JSON.stringify(value)} for "--${name}" flag: ${why}`;
  }
  return undefined;
}

function problemOf(name: string, value: string): string | undefined {
  const quoted = JSON.stringify(value);
  if (BOOLEANS.has(name) && !/^(1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$/.test(value)) {
    return `strconv.ParseBool: parsing ${quoted}: invalid syntax`;
  }
  if ((INTEGERS.has(name) || /^concurrent-/.test(name)) && !/^[+-]?\d+$/.test(value)) {
    return `strconv.ParseInt: parsing ${quoted}: invalid syntax`;
  }
  if (DURATIONS.has(name)) {
    if (/^[+-]?\d+(\.\d*)?$/.test(value) && !/^[+-]?0$/.test(value)) return `time: missing unit in duration ${quoted}`;
    if (!/^[+-]?(0|(\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h))+$/.test(value)) return `time: invalid duration ${quoted}`;
  }
  if (ADDRESSES.has(name) && !isAddress(value)) return `failed to parse IP: ${quoted}`;
  return undefined;
}

function isAddress(text: string): boolean {
  if (text.includes(":")) return /^[0-9a-fA-F:.]+$/.test(text);
  const parts = text.split(".");
  return parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256);
}
