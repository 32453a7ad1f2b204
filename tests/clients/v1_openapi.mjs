// /v1 against its own OpenAPI document: every operation, every class of refusal, every line of
// docs/v1.md, and documents made by chance by the schemas and against them.
//
// FAULTLINE_BINARY is the path of the binary.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import net from "node:net";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { Validator } from "@seriousme/openapi-schema-validator";
import Ajv2020 from "ajv/dist/2020.js";
import { Chance } from "./v1_documents.mjs";

let server;
let upstream;
let client;
let base;
let document;
let ajv;

async function startServer() {
  const child = spawn(
    process.env.FAULTLINE_BINARY,
    ["serve", "--listen", "127.0.0.1:0", "--log-format", "json", "--drain-timeout", "1m"],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  let text = "";
  const address = await new Promise((resolve, reject) => {
    child.on("exit", () => reject(new Error(`the server ended: ${text}`)));
    child.stderr.on("data", (data) => {
      text += data;
      const line = text.split("\n").find((each) => each.includes("control API listens"));
      if (line) resolve(JSON.parse(line).address);
    });
  });
  return { child, address };
}

before(async () => {
  upstream = net.createServer((socket) => socket.on("error", () => {}).pipe(socket));
  await new Promise((resolve) => upstream.listen(0, "127.0.0.1", resolve));
  server = await startServer();
  base = `http://${server.address}`;
  document = await (await fetch(`${base}/v1/openapi.json`)).json();
  ajv = new Ajv2020({ strict: false, allErrors: true });
  ajv.addSchema(document, "api");
});

after(() => {
  server?.child.kill("SIGKILL");
  client?.destroy();
  upstream.close();
});

/** Sends a request, and checks the answer by the document. */
async function call(method, path, { body, headers = {}, pattern = path.split("?")[0] } = {}) {
  const response = await fetch(base + path, {
    method,
    headers,
    body: body === undefined || typeof body === "string" ? body : JSON.stringify(body),
    signal: AbortSignal.timeout(20_000),
  });
  const text = await response.text();
  const context = `${method} ${path} ${JSON.stringify(body)} -> ${response.status} ${text}`;
  const operation = document.paths[pattern]?.[method.toLowerCase()];
  if (!operation) return { response, text, context };
  const described = operation.responses[response.status];
  assert.ok(described, `not in the document: ${context}`);
  const type = (response.headers.get("content-type") ?? "").split(";")[0];
  const content = described.content?.[type];
  if (text !== "") assert.ok(content, `no such content type: ${type} ${context}`);
  if (content?.schema) {
    const validate = ajv.compile({ $ref: `api${content.schema.$ref}` });
    assert.ok(validate(JSON.parse(text)), `${context}\n${ajv.errorsText(validate.errors)}`);
  }
  if (response.status >= 400) {
    assert.equal(type, "application/problem+json", context);
    assert.equal(JSON.parse(text).status, response.status, context);
  }
  assert.ok(response.headers.get("x-request-id"), context);
  return { response, text, context, json: type.endsWith("json") && text ? JSON.parse(text) : null };
}

const names = { proxy: "redis", toxic: "slow", type: "latency", lease: "set below", connection: "too",
                zone: "c", partition: "b-cut", run: "too", timeline: "az-power-loss" };
const fill = (pattern) =>
  pattern.replace(/\{(\w+)\}/g, (_, name) => {
    assert.ok(names[name], `no value for ${name}`);
    return names[name];
  });

/** What some operations cannot do without. */
function withQuery(path) {
  if (path.startsWith("/v1/which")) return `/v1/which?address=127.2.0.1${path.includes("nonsense") ? "&nonsense=1" : ""}`;
  if (!path.startsWith("/v1/why")) return path;
  const port = path.includes("nobody") ? 1 : client.localPort;
  return `/v1/why?client=127.0.0.1:${port}${path.includes("nonsense") ? "&nonsense=1" : ""}`;
}

/** The statuses of an operation that were seen. */
const seen = new Map();
async function see(pattern, method, options = {}, path = fill(pattern)) {
  const answer = await call(method, withQuery(path), {
    pattern,
    ...options,
    headers: { Accept: "application/json", ...options.headers },
  });
  const key = `${method} ${pattern}`;
  seen.set(key, (seen.get(key) ?? new Set()).add(String(answer.response.status)));
  return answer;
}

async function cleanUp() {
  const { runs } = await (await fetch(`${base}/v1/runs`)).json();
  for (const { id, state } of runs) {
    if (state === "running") await fetch(`${base}/v1/runs/${id}`, { method: "DELETE" });
  }
  const { partitions } = await (await fetch(`${base}/v1/partitions`)).json();
  for (const { name } of partitions) await fetch(`${base}/v1/partitions/${name}`, { method: "DELETE" });
  const { proxies } = await (await fetch(`${base}/v1/proxies`)).json();
  for (const { name } of proxies) {
    await fetch(`${base}/v1/proxies/${encodeURIComponent(name)}`, { method: "DELETE" });
  }
}

async function makeProxy() {
  await cleanUp();
  await fetch(`${base}/v1/halt`, { method: "DELETE" });
  const made = await call("POST", "/v1/proxies", {
    body: {
      name: "redis",
      upstream: `127.0.0.1:${upstream.address().port}`,
      toxics: [{ name: "slow", type: "bandwidth", attributes: { rate: "1MB/s" } }],
    },
  });
  const cidrs = (i) => ({ cidrs: [`127.${i}.0.0/16`] });
  await call("PUT", "/v1/zones", { body: { zones: { a: cidrs(1), b: cidrs(2), c: cidrs(3) } } });
  await call("PUT", "/v1/partitions/b-cut", { body: { from: "b", to: "a", ttl: "1m" } });
  client?.destroy();
  client = net.connect(Number(made.json.listen.split(":").at(-1)), "127.0.0.1");
  client.on("error", () => {});
  client.write("hello");
  await new Promise((resolve) => client.once("data", resolve));
  const { json } = await call("GET", "/v1/connections?proxy=redis");
  names.connection = json.connections[0].id;
  const lease = await call("POST", "/v1/leases", { body: { ttl: "60s" } });
  names.lease = lease.json.id;
  const run = await call("POST", "/v1/runs", { body: { preset: "az-slow", zone: "b", lease: names.lease } });
  names.run = run.json.id;
}

/** With a server of its own that was told to stop, and drains as long as there are bytes. */
async function whileDraining(check) {
  const usual = { server, base };
  server = await startServer();
  base = `http://${server.address}`;
  await makeProxy();
  const talk = setInterval(() => client.write("hello"), 20);
  server.child.kill("SIGTERM");
  while ((await fetch(`${base}/readyz`)).ok) await sleep(10);
  try {
    await check();
  } finally {
    clearInterval(talk);
    server.child.kill("SIGKILL");
    ({ server, base } = usual);
  }
}

test("the document is valid OpenAPI 3.1", async () => {
  const result = await new Validator().validate(structuredClone(document));
  assert.ok(result.valid, JSON.stringify(result.errors, null, 1));
});

test("every operation answers as the document says, and every answer in it is given", async () => {
  const each = Object.entries(document.paths).flatMap(([pattern, methods]) =>
    Object.entries(methods).map(([method, operation]) => [pattern, method.toUpperCase(), operation]),
  );
  for (const [pattern, method, operation] of each) {
    await makeProxy();
    const example = operation.requestBody?.content["application/json"].example;
    const headers = { "X-Request-Id": "test-1" };
    const asks = (status) => operation.responses[status] !== undefined;
    const isCreation = operation.operationId.startsWith("create");
    const fresh = isCreation && example.name ? { ...example, name: "another" } : example;

    if (method !== "GET") {  // As the dry run answers, so does the real one.
      const tried = await see(pattern, method, { body: fresh, headers }, `${fill(pattern)}?dry_run=true`);
      assert.equal(tried.response.headers.get("dry-run"), "true", tried.context);
    }
    const { response, context } = await see(pattern, method, { body: fresh, headers });
    assert.ok(response.ok || operation.operationId === "getClean", context);
    assert.equal(response.headers.get("x-request-id"), "test-1");

    await makeProxy();
    await see(pattern, method, { body: fresh }, `${fill(pattern)}?nonsense=1`);
    await see(pattern, method, { body: fresh, headers: { Origin: "http://evil.example" } });
    if (asks(404)) {
      await see(pattern, method, { body: fresh }, fill(pattern).replace(/redis|latency|(?<=(leases|zones)\/)\w+|(?<=(partitions|runs|timelines)\/)[\w-]+|(?<=connections\/).+|(?<=why)$/, "nobody"));
    }
    if (asks(422)) await see(pattern, method, { body: { nonsense: 1 } });
    if (asks(412)) await see(pattern, method, { body: fresh, headers: { "If-Match": '"x"' } });
    if (asks(304)) {
      const etag = (await see(pattern, method)).response.headers.get("etag");
      await see(pattern, method, { headers: { "If-None-Match": etag } });
    }
    if (asks(201) && method === "PUT") {
      await see(pattern, method, { body: fresh }, fill(pattern).replace(/[a-z]+$/, "brand-new"));
    }
    if (asks(423)) {
      await makeProxy();
      await call("POST", "/v1/halt", { body: { reason: "a test" } });
      const toxics = [{ type: "noop" }];
      const body = /toxics|partitions|runs/.test(pattern) ? fresh : { ...fresh, toxics };
      await see(pattern, method, { body });
    }
    if (operation.operationId === "getClean") {
      await cleanUp();
      await sleep(1_200);  // Sockets that were closed politely wait for their peers.
      await see(pattern, method);
    } else if (asks(409) && operation.operationId !== "createLease") {
      await makeProxy();
      const noun = { proxies: "proxy", toxics: "toxic", partitions: "partition" }[operation.tags[0]];
      if (operation.operationId === "createRun") {
        for (let i = 0; i < 20; ++i) await see(pattern, method, { body: { timeline: { steps: [{ wait: "1m" }] } } });
      } else if (isCreation) await see(pattern, method, { body: { ...example, name: names[noun] } });
      else if (operation.operationId === "probePartition") {
        await call("PUT", "/v1/partitions/b-cut", { body: { from: "none", to: ["a", "b"], ttl: "1m" } });
        await call("PATCH", "/v1/proxies/redis", { body: { zone: "b" } });  // Somebody can be dialled,
        for (let i = 0; i < 2; ++i) await see(pattern, method);  // and is not there for two seconds.
      } else if (operation.operationId === "deleteZone") await see(pattern, method, {}, "/v1/zones/b");
      else await see(pattern, method, { body: { ...example, enabled: true, listen: server.address } });
    }
  }
  await whileDraining(async () => {
    for (const [pattern, method, operation] of each) {
      if (!operation.responses[503]) continue;
      const { json, context } = await see(pattern, method, {
        body: operation.requestBody?.content["application/json"].example,
      });
      assert.equal(json.code, "draining", context);
    }
  });
  const unseen = new Set(["createLease 409", "listEvents 404",  // At 10,000 leases: leases_test.cc.
                          "putPartition 409"]);  // At 100 partitions: v1_partitions_test.cc.
  for (const [pattern, method, operation] of each) {
    const missing = Object.keys(operation.responses).filter(
      (status) => !unseen.has(`${operation.operationId} ${status}`) && !seen.get(`${method} ${pattern}`)?.has(status),
    );
    assert.deepEqual(missing, [], `never seen of ${method} ${pattern}`);
  }
});

test("documents by the schemas and against them: never a 5xx, never a hang", async () => {
  const chance = new Chance(Number(process.env.FAULTLINE_FUZZ_SEED ?? 7), document.components.schemas);
  const counts = { taken: 0, refused: 0 };
  const whole = {
    proxies: ["/v1/proxies", "proxy", "ProxyRequest"],
    toxics: ["/v1/proxies/{proxy}/toxics", "toxic", "ToxicRequest"],
    partitions: ["/v1/partitions", "partition", "PartitionRequest"],
    zones: ["/v1/zones", "zone", "ZoneRequest"],
    runs: ["/v1/runs", "run", "RunRequest"],
  };
  await makeProxy();
  for (let round = 0; round < 3_000; ++round) {
    if (round % 100 === 0) await makeProxy();
    const kind = chance.oneOf(Object.keys(whole));
    const [path, noun, schema] = whole[kind];
    const spoils = chance.unit() < 0.5;
    const made = chance.document({ $ref: `#/components/schemas/${schema}` });
    const body = spoils ? chance.spoilt(made) : made;
    const isPatch = !["zones", "runs"].includes(kind) && chance.unit() < 0.2;
    const method = isPatch ? "PATCH" : kind === "zones" ? "PUT" : "POST";
    const pattern = method === "POST" ? path : `${path}/{${noun}}`;
    const dry = kind === "runs" || chance.unit() < 0.5 ? "?dry_run=true" : "";
    const answer = await call(method, fill(pattern) + dry, {
      body: JSON.stringify(body),
      pattern,
    });
    assert.ok(answer.response.status < 500, answer.context);
    counts[answer.response.ok ? "taken" : "refused"]++;
  }
  assert.ok(counts.taken > 300 && counts.refused > 300, JSON.stringify(counts));
  assert.ok((await fetch(`${base}/healthz`)).ok);
});

test("every curl line of docs/v1.md does what it says", async () => {
  await cleanUp();
  const text = await readFile(new URL("../../docs/v1.md", import.meta.url), "utf8");
  const blocks = [...text.matchAll(/```\n([\s\S]*?)```/g)].map((match) => match[1]);
  const lines = blocks.flatMap((block) => block.split("\n"));
  let run = 0;
  for (const line of lines) {
    const command = line.replace(/^\$ /, "");
    if (!command.startsWith("curl ")) continue;
    const isRefused = line.startsWith("$ ");
    const local = command.replaceAll("localhost:8474", server.address).replace("curl ", "curl -sS ");
    const { stdout } = await promisify(execFile)("bash", [
      "-c",
      `${local} -w '\\n%{http_code}'`,
    ]);
    const status = Number(stdout.trim().split("\n").at(-1));
    assert.ok(isRefused ? status === 422 : status < 300, `${command}\n${stdout}`);
    run++;
  }
  assert.ok(run >= 14, `${run} lines`);
});
