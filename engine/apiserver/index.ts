export { objectOf } from "./cache.ts";
export { Registry } from "./registry.ts";
export { ApiServer, type ApiServerOptions } from "./server.ts";
export type { User } from "./user.ts";
