import type { Server as HttpServer, IncomingMessage } from "node:http";
import type { Logger } from "pino";
import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import { type DefaultEventsMap, Server, type Socket } from "socket.io";
import { z } from "zod";
import type { Input } from "../../engine/index.ts";
import { type ClientEvents, KEYS_LIMIT, type Problem, type ServerEvents } from "../protocol.ts";
import { Refusal } from "./hosted-session.ts";
import type { LiveSession } from "./live-session.ts";
import { languageOf, personOf } from "./people.ts";
import { problem } from "./problems.ts";
import type { Sessions } from "./sessions.ts";
import type { Viewer } from "./viewers.ts";

/** Typed and pasted bytes that a session takes a second; what is over waits in the page. */
const INPUT_BYTES = 256 * 1024;
/** Other requests (terminals, answers, clock, marks, sizes) that a page may make within ten seconds. */
const REQUESTS = 300;
/** Problems that a learner may report within an hour. */
const REPORTS = 20;

/** Refusals that leave open whether something took effect. */
const UNCERTAIN: ReadonlySet<string> = new Set(["lost", "gone"]);

interface SocketState {
  /** The session, or why there is none. */
  found: LiveSession | "no-session" | "full";
}

interface Limits {
  typed: RateLimiterMemory;
  reported: RateLimiterMemory;
}

type PageSocket = Socket<ClientEvents, ServerEvents, DefaultEventsMap, SocketState>;

const size = { columns: z.number().int().min(2).max(500), rows: z.number().int().min(1).max(200) };
const id = z.string().max(16);
const cluster = z.string().max(64).optional();
const schemas = {
  open: z.object({ machine: z.string().max(64), ...size }),
  keys: z.object({ id, text: z.string().max(KEYS_LIMIT) }),
  resize: z.object({ id, ...size }),
  close: z.object({ id }),
  answer: z.object({ task: z.string().max(64), value: z.string().max(2000) }),
  clock: z.object({
    paused: z.boolean().optional(),
    speed: z.number().min(0.1).max(100).optional(),
    skip: z
      .number()
      .int()
      .min(0)
      .max(24 * 3_600_000_000)
      .optional(),
    skipToEvent: z.boolean().optional(),
    waitFor: z.enum(["event", "change", "settled"]).optional(),
    stopSkipping: z.boolean().optional(),
  }),
  mark: z.object({ key: z.string().max(200), value: z.string().max(200) }),
  look: z.object({ map: z.boolean().optional(), walks: z.boolean().optional(), cluster }),
  model: z.object({ task: z.string().max(64) }),
  report: z.object({ text: z.string().max(2000) }),
  walk: z.object({
    from: z.string().max(400),
    to: z.string().max(300),
    port: z.number().int().min(0).max(65_535),
    protocol: z.enum(["tcp", "udp", "icmp"]),
    cluster,
  }),
  mapDrawn: z.object({}),
  drawn: z.object({ id, end: z.number().int().nonnegative() }),
};

/** Opens the socket side of a server. Each socket shows one session of the person whose cookie it brings. */
export function openSockets(http: HttpServer, sessions: Sessions, log: Logger): Server {
  const io = new Server<ClientEvents, ServerEvents, DefaultEventsMap, SocketState>(http, {
    serveClient: false,
    maxHttpBufferSize: 64 * 1024,
    pingInterval: 10_000,
    pingTimeout: 10_000,
    perMessageDeflate: false,
    allowRequest: (request, done) => done(null, sameOrigin(request)),
  });
  const typed = new RateLimiterMemory({ points: INPUT_BYTES, duration: 1 });
  const reported = new RateLimiterMemory({ points: REPORTS, duration: 3600 });
  // Before the connection is answered, since a page sends at once what waited for it.
  io.use(async (socket, next) => {
    try {
      const person = personOf(socket.handshake.headers.cookie);
      const id = String(socket.handshake.auth["session"]);
      const session = person === undefined ? undefined : await sessions.find(id, person);
      socket.data.found = session ? ((await sessions.roomFor(session)) ? session : "full") : "no-session";
      next();
    } catch (error) {
      log.error({ err: error }, "socket refused");
      next(error as Error);
    }
  });
  io.on("connection", (socket) => serve(socket, { typed, reported }, log));
  return io;
}

/** A page of another site has no business here, whatever cookies its browser sends. */
function sameOrigin({ headers }: IncomingMessage): boolean {
  const { origin, host } = headers;
  if (origin === undefined) return true;
  try {
    return new URL(origin).host === (headers["x-forwarded-host"] ?? host);
  } catch {
    return false;
  }
}

function serve(socket: PageSocket, limits: Limits, log: Logger): void {
  const { headers, auth } = socket.handshake;
  const chosen: unknown = auth["language"];
  const language = chosen === "ko" || chosen === "en" ? chosen : languageOf(headers.cookie, headers["accept-language"]);
  const words = (code: string): Problem => problem(code, language);
  const { found } = socket.data;
  if (typeof found === "string") {
    socket.emit("failed", words(found));
    return;
  }
  const viewer: Viewer = {
    emit: (event, ...args) => socket.emit(event, ...args),
    fail: (code) => socket.emit("failed", words(code)),
  };
  listen(socket, found, viewer, limits, words, log);
  socket.on("disconnect", () => found.detach(viewer));
  void found.attach(viewer);
}

function listen(
  socket: PageSocket,
  session: LiveSession,
  viewer: Viewer,
  { typed, reported }: Limits,
  words: (code: string) => Problem,
  log: Logger,
): void {
  let asked = 0;
  let since = 0;
  const hasRoom = (): boolean => {
    const now = performance.now();
    if (now - since > 10_000) {
      since = now;
      asked = 0;
    }
    return ++asked <= REQUESTS;
  };
  /** Hears an event whose content fits its schema; anything else is a page of another version, or no page. */
  const on = <E extends keyof ClientEvents>(event: E, act: ClientEvents[E]) => {
    const handler = (content: unknown, done: unknown) => {
      const parsed = schemas[event].safeParse(content);
      if (!parsed.success) {
        log.info({ event, session: session.row.id }, "malformed event");
        if (typeof done === "function") done({ ok: false, problem: words("bad-request") });
        return;
      }
      const ack = typeof done === "function" ? done : () => {};
      if (event !== "keys" && event !== "drawn" && event !== "mapDrawn" && !hasRoom()) {
        ack({ ok: false, problem: words("hurry") });
        return;
      }
      (act as (content: unknown, done: unknown) => void)(parsed.data, ack);
    };
    (socket as unknown as { on(event: string, handler: unknown): void }).on(event, handler);
  };

  const codeOf = (error: unknown): string => {
    log.info({ err: error, session: session.row.id }, "input refused");
    return error instanceof Refusal ? error.code : "internal";
  };
  /** Undefined when the input was taken, else the problem's code. */
  const refused = (input: Input): Promise<string | undefined> => session.input(input).then(() => undefined, codeOf);

  on("open", async ({ machine, columns, rows }, done) => {
    try {
      const screen = await session.openTerminal(machine, columns, rows);
      done({ ok: true, id: screen.id });
    } catch (error) {
      const code = error instanceof Refusal ? error.code : "internal";
      if (code === "internal") log.error({ err: error, session: session.row.id }, "terminal could not be opened");
      done({ ok: false, problem: words(code) });
    }
  });
  on("keys", async ({ id, text }, done) => {
    try {
      await typed.consume(session.row.id, Buffer.byteLength(text) || 1);
    } catch (error) {
      done({ ok: false, wait: error instanceof RateLimiterRes ? error.msBeforeNext : 1000 });
      return;
    }
    try {
      done({ ok: true, typed: await session.input({ type: "keys", id, text }) });
    } catch (error) {
      // What was refused is gone: a terminal that was closed does not come back for it. A worker that was lost may have
      // taken it or not, which the next snapshot tells.
      const code = codeOf(error);
      done(UNCERTAIN.has(code) ? { ok: false, lost: true } : { ok: false, problem: words(code) });
    }
  });
  on("resize", (size) => void session.resize(viewer, size).catch(codeOf));
  on("close", ({ id }) => void refused({ type: "close", id }));
  on("answer", async ({ task, value }, done) => {
    const code = await refused({ type: "answer", task, value });
    if (code === undefined) done({ ok: true });
    else done(UNCERTAIN.has(code) ? { ok: false, lost: true } : { ok: false, problem: words(code) });
  });
  on("clock", (control) => session.clock(control));
  on("mark", (mark) => session.mark(mark));
  on("look", (what) => session.look(viewer, what));
  on("report", async ({ text }, done) => {
    try {
      await reported.consume(session.row.person);
      const id = await session.report(text, socket.handshake.headers["user-agent"] ?? "");
      log.warn({ session: session.row.id, report: id }, "a problem was reported");
      done({ ok: true, id });
    } catch (error) {
      log.info({ err: error, session: session.row.id }, "report refused");
      done({ ok: false, problem: words(error instanceof RateLimiterRes ? "hurry" : "internal") });
    }
  });
  on("model", ({ task }, done) => {
    try {
      done({ ok: true, model: session.model(task) });
    } catch (error) {
      done({ ok: false, problem: words(error instanceof Refusal ? error.code : "internal") });
    }
  });
  on("walk", async (request, done) => {
    try {
      done({ ok: true, walk: await session.walk(request) });
    } catch (error) {
      log.info({ err: error, session: session.row.id }, "walk refused");
      done({ ok: false, problem: words(error instanceof Refusal ? error.code : "internal") });
    }
  });
  on("mapDrawn", () => session.mapDrawn(viewer));
  on("drawn", ({ id, end }) => session.drawn(viewer, id, end));
}
