import { bootedHarness, PODS, podOf } from "../engine/apiserver/testing.ts";
import { cpuMs, type Figure } from "./measure.ts";

/** How the cost of one more grows with how many there are: 100x against 1x, of which 1 is linear. */

/** Objects at 1x. */
const FEW = 100;
const CORE = "/api/v1/namespaces/default";

interface Work {
  name: string;
  /** Makes a world for `count` objects and returns what is measured in it. */
  prepare(count: number): () => void;
}

const configMap = (i: number) => ({
  metadata: { name: `c${i}`, labels: { app: `a${i % 7}` } },
  data: { a: String(i) },
});

function filled(count: number) {
  const h = bootedHarness();
  for (let i = 0; i < count; i++) h.request("POST", `${CORE}/configmaps`, configMap(i));
  return h;
}

const WORKS: readonly Work[] = [
  {
    name: "ConfigMaps created",
    prepare: (count) => {
      const h = bootedHarness();
      return () => {
        for (let i = 0; i < count; i++) h.request("POST", `${CORE}/configmaps`, configMap(i));
      };
    },
  },
  {
    name: "Pods created",
    prepare: (count) => {
      const h = bootedHarness();
      return () => {
        for (let i = 0; i < count; i++) h.request("POST", PODS, podOf(`p${i}`));
      };
    },
  },
  {
    name: "Services created",
    prepare: (count) => {
      const h = bootedHarness();
      return () => {
        for (let i = 0; i < count; i++) {
          h.request("POST", `${CORE}/services`, { metadata: { name: `s${i}` }, spec: { ports: [{ port: 80 }] } });
        }
      };
    },
  },
  {
    name: "ConfigMaps patched",
    prepare: (count) => {
      const h = filled(count);
      const headers = { "content-type": "application/merge-patch+json" };
      return () => {
        for (let i = 0; i < count; i++) {
          h.request("PATCH", `${CORE}/configmaps/c${i}`, { data: { a: "x" } }, { headers });
        }
      };
    },
  },
  {
    name: "ConfigMaps deleted",
    prepare: (count) => {
      const h = filled(count);
      return () => {
        for (let i = 0; i < count; i++) h.request("DELETE", `${CORE}/configmaps/c${i}`);
      };
    },
  },
  {
    name: "ConfigMaps listed",
    prepare: (count) => {
      const h = filled(count);
      return () => void h.request("GET", `${CORE}/configmaps`);
    },
  },
  {
    name: "ConfigMaps listed by a label, in pages of 500",
    prepare: (count) => {
      const h = filled(count);
      return () => {
        let token = "";
        do {
          const path = `${CORE}/configmaps?labelSelector=app%3Da1&limit=500${token && `&continue=${token}`}`;
          token = h.json("GET", path).metadata.continue ?? "";
        } while (token !== "");
      };
    },
  },
  {
    name: "an event handed to watchers",
    prepare: (count) => {
      const h = bootedHarness();
      for (let i = 0; i < count; i++) h.request("GET", `${CORE}/configmaps?watch=true`);
      return () => void h.request("POST", `${CORE}/configmaps`, configMap(0));
    },
  },
];

/** Least time of several takes, each in a world of its own, whose making leaves nothing to collect. */
function least(work: Work, count: number, takes: number): number {
  const take = () => {
    const run = work.prepare(count);
    global.gc?.();
    return cpuMs(run);
  };
  return Math.min(...Array.from({ length: takes }, take));
}

export const growthFigures: readonly Figure[] = WORKS.map((work) => ({
  name: `growth of ${work.name}, ${FEW} to ${FEW * 100}`,
  unit: "x",
  // A tenth of the way must cost a tenth: what is measured at 1x is too small to be read exactly, so 10x is the base.
  limit: 1.5,
  measure: () => {
    least(work, FEW, 2);
    const [one, ten, hundred] = [least(work, FEW, 9), least(work, FEW * 10, 5), least(work, FEW * 100, 4)];
    console.log(
      `  ${work.name}: ${one.toFixed(2)} ms, ${ten.toFixed(1)} ms, ${hundred.toFixed(0)} ms at 1x, 10x, 100x`,
    );
    return hundred / (10 * Math.max(ten, 0.1));
  },
}));
