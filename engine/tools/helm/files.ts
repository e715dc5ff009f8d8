import { encode } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import * as sys from "../../machine/sys.ts";
import type { Chart } from "./chart.ts";
import type { Helm } from "./context.ts";
import { HelmError } from "./error.ts";

/** Writes a chart's files below a directory. */
export function unpackChart(h: Helm, chart: Chart, directory: string): void {
  const root = `${directory}/${chart.metadata.name}`;
  for (const { name, data } of chart.raw) writeBelow(h, `${root}/${name}`, data);
}

/** Writes a file and makes the directories that it needs. */
export function writeBelow(h: Helm, path: string, data: Uint8Array | string): void {
  const parts = path.split("/").slice(0, -1);
  for (let i = 1; i <= parts.length; i++) {
    const directory = parts.slice(0, i).join("/");
    if (directory === "" || sys.find(h.p, directory) !== undefined) continue;
    try {
      sys.mkdir(h.p, directory, 0o755);
    } catch (error) {
      if (!isErrno(error)) throw error;
      throw new HelmError(`mkdir ${directory}: ${error.message.toLowerCase()}`);
    }
  }
  try {
    sys.writeText(h.p, path, typeof data === "string" ? encode(data) : data, 0o644);
  } catch (error) {
    if (!isErrno(error)) throw error;
    throw new HelmError(`open ${path}: ${error.message.toLowerCase()}`);
  }
}
