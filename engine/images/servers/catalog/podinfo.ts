import type { HttpRequest, HttpResponse } from "../../../api/http.ts";
import type { Process } from "../../../machine/process.ts";
import { answer } from "../serving.ts";
import { host, iso, pathOf, type Row } from "./row.ts";

/** Tags of releases; each tells its own version. */
const RELEASES: Readonly<Record<string, RegExp>> = {
  "6.8.0": /^(latest|6(\.8(\.\d+)?)?)$/,
  "6.7.1": /^6\.7\.\d+$/,
  "6.6.0": /^6\.6\.\d+$/,
  "6.5.4": /^6\.[0-5]\.\d+$/,
  "5.2.1": /^(v?[345](\.\d+){1,2})$/,
};

interface State {
  ready: boolean;
  panicked: boolean;
}

const states = new WeakMap<Process, State>();

function stateOf(p: Process): State {
  let state = states.get(p);
  if (state === undefined) states.set(p, (state = { ready: !p.argv.includes("--unready"), panicked: false }));
  return state;
}

/** A flag, or else the variable that viper reads for it. */
function option(p: Process, name: string, otherwise: string): string {
  const at = p.argv.findIndex((arg) => arg === `--${name}` || arg.startsWith(`--${name}=`));
  if (at > 0) return p.argv[at]!.split("=")[1] ?? p.argv[at + 1] ?? otherwise;
  return p.env.get(`PODINFO_${name.toUpperCase().replaceAll("-", "_")}`) ?? otherwise;
}

const pretty = (value: unknown, status = 200): HttpResponse =>
  answer(status, JSON.stringify(value, undefined, 2), { "content-type": "application/json; charset=utf-8" });

function page(p: Process, request: HttpRequest, version: string): HttpResponse {
  const path = pathOf(request);
  const state = stateOf(p);
  const [, word, number] = /^\/(status|delay)\/(\d+)$/.exec(path) ?? [];
  if (word !== undefined) return pretty({ [word]: Number(number) }, word === "status" ? Number(number) : 200);
  switch (path) {
    case "/":
    case "/api/info":
      return pretty({
        hostname: host(p),
        version,
        revision: "b3396adb98a6a0f5eeedd1a600beaf5e954a1f28",
        color: option(p, "ui-color", "#34577c"),
        logo: option(p, "ui-logo", "https://raw.githubusercontent.com/stefanprodan/podinfo/gh-pages/cuddle_clap.gif"),
        message: option(p, "ui-message", `greetings from podinfo v${version}`),
        goos: "linux",
        goarch: "amd64",
        runtime: "go1.24.1",
        num_goroutine: "8",
        num_cpu: "4",
      });
    case "/version":
      return pretty({ commit: "b3396adb98a6a0f5eeedd1a600beaf5e954a1f28", version });
    case "/healthz":
      return p.argv.includes("--unhealthy") ? answer(503, "") : pretty({ status: "OK" });
    case "/readyz":
      return state.ready ? pretty({ status: "OK" }) : answer(503, "");
    case "/readyz/enable":
    case "/readyz/disable":
      if (request.method !== "POST") return answer(405, "");
      state.ready = path.endsWith("enable");
      return answer(202, "");
    case "/env":
      return pretty([...p.env].map(([name, value]) => `${name}=${value}`));
    case "/headers":
      return pretty(
        Object.fromEntries(
          Object.entries(request.headers).map(([name, value]) => [
            name.replace(/(^|-)[a-z]/g, (char) => char.toUpperCase()),
            [value],
          ]),
        ),
      );
    case "/metrics":
      return answer(200, "# TYPE http_requests_total counter\n");
    case "/panic":
      state.panicked = true;
      p.machine.kernel.after(0, "podinfo panic", () => p.machine.signal(p, "TERM"));
      return answer(200, "");
    default:
      return answer(404, "404 page not found\n");
  }
}

/** podcli, as far as probes call it. */
const PODCLI = `#!/bin/sh
[ "$1" = check ] || { echo "podcli is a command line tool"; exit 0; }
kind=$2 address=$3
case $kind in
  http) address=http://\${address#http://}; sleep 1; ok() { curl -sf -m 5 -o /dev/null "$address"; } ;;
  tcp) sleep 1; ok() { nc -z -w 5 "\${address%:*}" "\${address##*:}"; } ;;
  *) echo "Error: unknown command \\"$kind\\" for \\"podcli check\\"" >&2; exit 1 ;;
esac
if ok; then echo "INFO	podcli/check.go:137	check succeed	{\\"address\\": \\"$address\\"}" >&2; exit 0; fi
echo "INFO	podcli/check.go:143	check failed	{\\"address\\": \\"$address\\"}" >&2
exit 1
`;

const line = (p: Process, rest: string): string => `{"level":"info","ts":"${iso(p)}","caller":"${rest}}\n`;

/** podinfo (stefanprodan/podinfo): what tutorials of rollouts, canaries and autoscaling serve. */
export const PODINFO_ROWS: readonly Row[] = Object.entries(RELEASES).map(([version, tags]) => ({
  names: ["ghcr.io/stefanprodan/podinfo", "stefanprodan/podinfo"],
  tags,
  megabytes: 29,
  on: "alpine",
  runs: "/home/app/podinfo",
  starts: "./podinfo",
  cmd: true,
  ports: [9898],
  others: (p) => ["port-metrics", "grpc-port"].map((name) => Number(option(p, name, "0"))).filter((port) => port > 0),
  logs: 2,
  user: "100",
  workingDir: "/home/app",
  files: {
    "usr/bin/curl": { program: "curl" },
    "usr/local/bin/podcli": { text: PODCLI, mode: 0o755 },
  },
  log: (p, port) =>
    line(
      p,
      `podinfo/main.go:150","msg":"Starting podinfo","version":"${version}","revision":"b3396adb98a6a0f5eeedd1a600beaf5e954a1f28","port":"${port}"`,
    ) + line(p, `http/server.go:224","msg":"Starting HTTP Server.","addr":":${port}"`),
  page: (p, request) => page(p, request, version),
  status: (p) => (stateOf(p).panicked ? 255 : 0),
}));
