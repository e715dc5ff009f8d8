// Builds dist/: the engine as one file named by its hash, the command, the server's worker, and the pages.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join, relative } from "node:path";
import { build } from "esbuild";
import { ensureKubectlTexts } from "./kubectl-texts.mjs";
import { ensureGenerated, ensureInstalled, root } from "./setup.mjs";

ensureInstalled();
ensureGenerated();
const dist = join(root, "dist");
mkdirSync(join(dist, "engines"), { recursive: true });

const engineEntry = join(root, "engine", "index.ts");

/** Everything outside engine/ reaches it through its one door, kept out of their bundles. */
const engineIsExternal = {
  name: "engine-is-external",
  setup(b) {
    b.onResolve({ filter: /engine\/index\.ts$/ }, (args) =>
      args.kind === "entry-point" ? undefined : { path: "./engine.mjs", external: true },
    );
  },
};

const common = {
  bundle: true,
  format: "esm",
  target: "es2023",
  logLevel: "warning",
  sourcemap: "linked",
  legalComments: "none",
};

const engineOut = join(dist, "engines", "engine.mjs");
const engine = await build({
  ...common,
  alias: { "kubectl-texts": ensureKubectlTexts() },
  entryPoints: [engineEntry],
  outfile: engineOut,
  platform: "neutral",
  mainFields: ["module", "main"],
  sourcemap: false,
  minifySyntax: true,
  metafile: true,
});
for (const input of Object.keys(engine.metafile.inputs)) {
  if (!input.startsWith("engine/") && !input.startsWith("node_modules/")) throw new Error(`engine bundles ${input}`);
}
// V8 keeps a script that has one character beyond Latin-1 in two bytes each, in every thread: 10 MB for some dashes in
// comments and one letter of a regular expression, where an escape means the same.
const bundled = readFileSync(engineOut, "utf8");
writeFileSync(
  engineOut,
  bundled.replace(/[^\0-\xff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`),
);
const hash = createHash("sha256").update(readFileSync(engineOut)).digest("hex").slice(0, 16);
const engineFile = `engine-${hash}.mjs`;
const enginePath = join(dist, "engines", engineFile);
renameSync(engineOut, enginePath);
copyFileSync(join(root, "scripts", "engine-door.mjs"), join(dist, "engine-door.mjs"));
const [{ exports: names }] = Object.values(engine.metafile.outputs);
const local = (path) => `fileURLToPath(new URL("./engines/${path}", import.meta.url))`;
writeFileSync(
  join(dist, "engine.mjs"),
  `import { fileURLToPath } from "node:url";
import { loadEngine } from "./engine-door.mjs";

const { engine } = loadEngine(${local(engineFile)}, ${local(`engine-${hash}.cache`)});
export const { ${names.join(", ")} } = engine;
export const engineHash = "${hash}";
`,
);
const warmed = spawnSync(
  process.execPath,
  [join(root, "scripts", "warm-engine.mjs"), enginePath, enginePath.replace(/mjs$/, "cache")],
  { stdio: ["ignore", 2, 2] },
);
if (warmed.status !== 0) throw new Error("the engine that was built does not boot");

const node = { ...common, platform: "node", packages: "external", plugins: [engineIsExternal] };
const entries = { cli: "cli/main.ts", worker: "web/server/worker.ts", bench: "bench/main.ts" };
for (const [name, entry] of Object.entries(entries)) {
  if (!existsSync(join(root, entry))) continue;
  await build({ ...node, entryPoints: [join(root, entry)], outfile: join(dist, `${name}.mjs`) });
}

if (existsSync(join(root, "web", "client", "index.html"))) {
  const { build: vite } = await import("vite");
  await vite({
    root: join(root, "web", "client"),
    logLevel: "warn",
    build: { outDir: join(dist, "public"), emptyOutDir: true },
  });
}

// Engines of older builds stay: stored sessions run on the one they began with. Test runs would pile them up, so only the newest 20 stay.
const engines = readdirSync(join(dist, "engines")).filter((file) => file.startsWith("engine-"));
if (engines.length > 20 && !process.env.KUBETUDE_KEEP_ENGINES) {
  for (const file of engines) if (!file.startsWith(`engine-${hash}.`)) rmSync(join(dist, "engines", file));
}
writeFileSync(join(dist, ".stamp"), "");
console.log(`built ${relative(root, dist)}/ with engine ${hash}`);
