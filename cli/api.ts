import { chmodSync, writeFileSync } from "node:fs";
import { adminConfig, SessionRunner } from "../engine/index.ts";
import { labAt, sessionSpec } from "../grader/lab.ts";
import { ApiDoor } from "../web/server/api-door.ts";
import { nodeClock } from "../web/server/node-clock.ts";
import { engineHash } from "./engine-hash.ts";
import { endSignal } from "./signals.ts";
import { UsageError } from "./usage.ts";

export interface ApiOptions {
  lab: string;
  seed: number;
  port: number;
  host: string;
  kubeconfig?: string;
  speed: number;
  /** The clock stands still; requests are still answered. */
  paused: boolean;
}

/** A session behind an HTTPS door. */
export interface ApiServing {
  runner: SessionRunner;
  door: ApiDoor;
  port: number;
  /** Kubeconfig text for a real client. */
  kubeconfig: string;
  close(): void;
}

/** Boots a lab's cluster and serves its API. The clock is the wall's, since real clients compute ages from that. */
export async function serveApi(options: ApiOptions): Promise<ApiServing> {
  const lab = labAt(options.lab);
  const spec = sessionSpec(lab, options.seed, engineHash(), options.paused ? undefined : Date.now());
  let door: ApiDoor | undefined;
  const runner = new SessionRunner(
    spec,
    {
      apiHead: (...args) => door?.events.apiHead?.(...args),
      apiData: (...args) => door?.events.apiData?.(...args),
      apiEnd: (...args) => door?.events.apiEnd?.(...args),
      apiError: (...args) => door?.events.apiError?.(...args),
    },
    nodeClock,
  );
  runner.open();
  door = new ApiDoor((input) => runner.apply(input));
  const port = await door.listen(options.port, options.host);
  const config = adminConfig(runner.session.cluster)
    .replace(/server: \S+/, `server: https://127.0.0.1:${port}`)
    .replace(
      /certificate-authority-data: \S+/,
      `certificate-authority-data: ${Buffer.from(door.ca).toString("base64")}`,
    );
  runner.driver.setSpeed(options.speed);
  runner.start(options.paused);
  const opened = door;
  return {
    runner,
    door,
    port,
    kubeconfig: config,
    close() {
      runner.stop();
      opened.close();
    },
  };
}

/** `kubetude api`: serves until SIGTERM or SIGINT. */
export async function api(options: ApiOptions): Promise<number> {
  const serving = await serveApi(options);
  const file = options.kubeconfig ?? `kubetude-${options.lab}.kubeconfig`;
  try {
    writeFileSync(file, serving.kubeconfig, { mode: 0o600 });
    chmodSync(file, 0o600);
  } catch (error) {
    serving.close();
    throw new UsageError(`--kubeconfig: ${(error as Error).message}`);
  }
  const told = endSignal();
  console.log(`Kubernetes API of ${options.lab} at https://127.0.0.1:${serving.port}`);
  console.log(`export KUBECONFIG=${file}`);
  await told;
  serving.close();
  return 0;
}
