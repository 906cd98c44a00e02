// What a stranger does with a client that was generated from openapi.json: node smoke.js <host> <key>

import createClient from "openapi-fetch";
import type { components, paths } from "./build/schema.js";

const [baseUrl = "", key = ""] = process.argv.slice(2);
const api = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${key}` } });

const created = await api.POST("/api/v1/sites", { body: { name: "Greenhouse", timezone: "Europe/Berlin" } });
if (!created.data) throw new Error(created.error.detail);
const site: components["schemas"]["Site"] = created.data;

const made = await api.POST("/api/v1/devices", { body: { name: "Thermometer", siteId: site.id, tags: ["roof"] } });
if (!made.data) throw new Error(made.error.detail);

const listed = await api.GET("/api/v1/devices", { params: { query: { siteId: site.id, limit: 10 } } });
const names = listed.data?.items.map((device) => device.name);
const next: string | null | undefined = listed.data?.nextCursor;

const refused = await api.GET("/api/v1/sites/{siteId}", { params: { path: { siteId: "no-such-site" } } });
const problem: components["schemas"]["Problem"] | undefined = refused.error;

console.log(
  JSON.stringify({
    site: { id: site.id, timezone: site.timezone, address: site.address },
    names,
    next,
    problem: { status: refused.response.status, code: problem?.code, type: refused.response.headers.get("Content-Type") },
  }),
);

// What a compiler that knows the API does not let through.
export const wrong = () => [
  // @ts-expect-error: there is no such path
  api.GET("/api/v1/gadgets"),
  // @ts-expect-error: a site has a name
  api.POST("/api/v1/sites", { body: { timezone: "Europe/Berlin" } }),
  // @ts-expect-error: there is no such status
  api.GET("/api/v1/devices", { params: { query: { status: "ASLEEP" } } }),
  // @ts-expect-error: a site has no colour
  site.colour,
];
