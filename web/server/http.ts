import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import express, { type ErrorRequestHandler, type Express, type Request, type Response } from "express";
import helmet from "helmet";
import type { Logger } from "pino";
import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import { z } from "zod";
import { type Lab, labIds } from "../../grader/lab.ts";
import { caughtMark, type Home, type Language, type Lesson, type SessionOpened } from "../protocol.ts";
import { courseOf } from "./course.ts";
import { renderLesson } from "./lesson.ts";
import { CATCH_UP_MARK } from "./live-session.ts";
import type { Metrics } from "./metrics.ts";
import { languageOf, newPerson, personOf } from "./people.ts";
import { PROBLEMS, type ProblemCode, problem } from "./problems.ts";
import { findLab, type Sessions } from "./sessions.ts";
import { scriptBefore } from "./solution.ts";
import type { Store } from "./store.ts";

export interface HttpParts {
  store: Store;
  sessions: Sessions;
  metrics: Metrics;
  log: Logger;
  /** Folder of the built pages. */
  publicDir: string;
}

/** Sessions that one learner may begin within an hour. */
const SESSIONS_PER_HOUR = 30;

const newSession = z.strictObject({
  lab: z.string().max(64),
  fresh: z.enum(["same-seed", "new-seed"]).optional(),
  catchUp: z.string().max(64).optional(),
});

const languageFor = (request: Request): Language =>
  languageOf(request.headers.cookie, request.headers["accept-language"]);

function fail(request: Request, response: Response, code: ProblemCode): void {
  response.status(PROBLEMS[code].status).json({ problem: problem(code, languageFor(request)) });
}

/** Pages, /api, /healthz and /metrics. */
export function createApp(parts: HttpParts): Express {
  const app = express();
  app.disable("x-powered-by");
  app.use(securityHeaders());
  app.get("/healthz", (_request, response) => {
    response.type("text/plain").send("ok");
  });
  app.get("/metrics", async (_request, response) => {
    response.type(parts.metrics.registry.contentType).send(await parts.metrics.registry.metrics());
  });
  app.use("/api", api(parts));
  pages(app, parts.publicDir);
  const onError: ErrorRequestHandler = (error, request, response, next) => {
    const status: number = error?.status ?? 500;
    if (status >= 500) parts.log.error({ err: error, url: request.url }, "request failed");
    if (response.headersSent) next(error);
    else if (status === 404) response.status(404).type("text/plain").send("not found\n");
    else fail(request, response, status < 500 ? "bad-request" : "internal");
  };
  app.use(onError);
  return app;
}

function securityHeaders() {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        // xterm.js writes its cell sizes and colours into style elements of its own.
        "style-src": ["'self'", "'unsafe-inline'"],
        "font-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "connect-src": ["'self'"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
        "frame-ancestors": ["'none'"],
      },
    },
    // The server speaks plain HTTP; what stands before it decides about HTTPS.
    strictTransportSecurity: false,
    originAgentCluster: false,
    crossOriginOpenerPolicy: false,
  });
}

function api({ store, sessions }: HttpParts): express.Router {
  const router = express.Router();
  const begun = new RateLimiterMemory({ points: SESSIONS_PER_HOUR, duration: 3600 });
  router.use(express.json({ limit: "16kb" }));
  router.use((request, response, next) => {
    response.set("cache-control", "no-store");
    let person = personOf(request.headers.cookie);
    if (person === undefined) {
      const made = newPerson(request.secure);
      person = made.id;
      response.append("set-cookie", made.setCookie);
    }
    response.locals["person"] = person;
    next();
  });
  const personIn = (response: Response) => response.locals["person"] as string;

  router.get("/home", async (_request, response) => {
    const labs = courseOf(await sessions.ofPerson(personIn(response)));
    response.json({ labs } satisfies Home);
  });

  router.get("/labs/:id/lesson", (request, response) => {
    const language: Language = request.query["lang"] === "ko" ? "ko" : "en";
    const lesson = lessonOf(request.params.id, language);
    if (lesson === undefined) fail(request, response, "no-lab");
    else response.json(lesson);
  });

  router.post("/sessions", async (request, response) => {
    const body = newSession.safeParse(request.body);
    if (!body.success) return fail(request, response, "bad-request");
    const lab = findLab(body.data.lab);
    if (lab === undefined) return fail(request, response, "no-lab");
    const person = personIn(response);
    const present = (await sessions.ofPerson(person)).find((row) => row.lab === lab.id);
    if (present && !body.data.fresh) {
      response.json({ session: present.id } satisfies SessionOpened);
      return;
    }
    try {
      await begun.consume(person);
    } catch (error) {
      if (!(error instanceof RateLimiterRes)) throw error;
      return fail(request, response, "too-many-sessions");
    }
    const now = Date.now();
    if ((await store.person(person)) === undefined) await store.addPerson({ id: person, created: now, seen: now });
    const seed = body.data.fresh === "same-seed" ? present?.seed : undefined;
    const earned = present ? sessions.earnedIn(present.id) : [];
    const { id } = await sessions.begin(person, lab, seed, marksFor(lab, body.data.catchUp, earned));
    response.status(201).json({ session: id } satisfies SessionOpened);
  });

  router.get("/sessions/:id/session.json", async (request, response) => {
    const session = await sessions.find(request.params.id, personIn(response));
    if (session === undefined) return fail(request, response, "no-session");
    const { report } = request.query;
    const file = await session.save(typeof report === "string" ? report : undefined);
    response.attachment(`${file.lab}-${file.seed}.session.json`).json(file);
  });

  router.use((request, response) => fail(request, response, "bad-request"));
  return router;
}

/** Marks of a session that begins with the solution's steps before a task: what they solve is not earned. */
function marksFor(lab: Lab, catchUp: string | undefined, earned: readonly string[]): Record<string, string> {
  const before = catchUp === undefined ? undefined : scriptBefore(lab, catchUp);
  if (catchUp === undefined || before === undefined) return {};
  const caught = before.tasks.filter((task) => !earned.includes(task));
  return { [CATCH_UP_MARK]: catchUp, ...Object.fromEntries(caught.map((task) => [caughtMark(task), "1"])) };
}

const lessons = new Map<string, Lesson>();

function lessonOf(id: string, language: Language): Lesson | undefined {
  if (!labIds().includes(id)) return undefined;
  const key = `${id} ${language}`;
  const known = lessons.get(key) ?? renderLesson(findLab(id)!, language);
  lessons.set(key, known);
  return known;
}

function pages(app: Express, dir: string): void {
  app.use(
    "/assets",
    express.static(join(dir, "assets"), {
      immutable: true,
      maxAge: "1y",
      index: false,
      redirect: false,
      fallthrough: false,
    }),
  );
  app.use(express.static(dir, { index: false, redirect: false }));
  app.get("/{*path}", (request, response) => {
    const file = join(dir, "index.html");
    if (!existsSync(file)) {
      response.status(503).type("text/plain").send("The pages are not built; run `npm run build`.\n");
      return;
    }
    const known = request.path === "/" || /^\/labs\/[a-z0-9-]+$/.test(request.path);
    const html = readFileSync(file, "utf8").replace('lang="en"', `lang="${languageFor(request)}"`);
    response
      .status(known ? 200 : 404)
      .set("cache-control", "no-cache")
      .type("html")
      .send(html);
  });
}
