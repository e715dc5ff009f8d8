import type { ApiDoor } from "./api-door.ts";

/** Hands a `{"Width":80,"Height":24}` of the remote command protocol on. */
export function applySize(door: ApiDoor, id: string, text: string): void {
  try {
    const { Width, Height } = JSON.parse(text) as { Width: number; Height: number };
    if (Number.isInteger(Width) && Number.isInteger(Height)) {
      door.input({ type: "api-resize", id, columns: Width, rows: Height });
    }
  } catch {
    // A malformed size is no reason to end somebody's shell.
  }
}
