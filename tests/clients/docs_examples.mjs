// Every code block of docs/events.md and docs/exec.md is run, and shows what the document shows; and
// what their tables promise holds. A block that nobody here knows fails, so that none is skipped.

import assert from "node:assert/strict";
import { once } from "node:events";
import { chmod, writeFile } from "node:fs/promises";
import net from "node:net";
import path from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import {
  document, folder, looksAs, port, run, Running, serve, tableOf, testBlocks, wordsIn,
} from "./documents.mjs";

// ---- docs/events.md --------------------------------------------------------------

/** The server of the first two examples: Redis with thirty clients. */
async function serverOfEvents() {
  const server = await serve("--state-dir . --proxy redis=127.0.0.1:26379,127.0.0.1:6379");
  const clients = [];
  for (let i = 0; i < 30; ++i) {
    const client = net.connect(server.listen, "127.0.0.1").on("error", () => {});
    clients.push(client);
    client.write("hello");
    await once(client, "data");
  }
  const end = async () => {
    clients.forEach((client) => client.destroy());
    server.signal("SIGTERM");
    assert.equal(await server.end(), 0);
  };
  const addSlow = async () => {
    const body = JSON.stringify({ name: "slow", type: "latency", attributes: { latency: 100 } });
    const answer = await fetch(`http://${server.api}/proxies/redis/toxics`, { method: "POST", body });
    assert.equal(answer.status, 200);
  };
  return { server, end, addSlow };
}

const toServer = (command, server) => command.replace("localhost:8474", server.api);

async function followsEvents(block, [{ command, shown }]) {
  const { server, end, addSlow } = await serverOfEvents();
  const curl = new Running(toServer(command, server));
  await curl.says(/^: .*\n\n/);
  await addSlow();
  await curl.says(/^data: .*\n\n/m);
  curl.signal("SIGTERM");
  await curl.end();
  await end();
  looksAs(curl.out, shown, block);
}

async function listsEvents(block, [{ command, shown }]) {
  const { server, end, addSlow } = await serverOfEvents();
  await addSlow();
  const { out } = await run(toServer(command, server));
  await end();
  looksAs(out, shown, block);
  assert.ok(JSON.parse(out).events.length === 1);
}

async function listsEventsOfRun(block, [{ command, shown }]) {
  const { server, end } = await serverOfEvents();
  const begin = async (name) => {
    const timeline = { name, steps: [{ name: "quiet", wait: "1ms" }] };
    const body = JSON.stringify({ timeline, owner: "me", reason: "a drill" });
    const answer = await fetch(`http://${server.api}/v1/runs`, { method: "POST", body });
    return (await answer.json()).id;
  };
  const id = await begin("a-drill");
  await begin("another");
  await sleep(100);
  const { out, context } = await run(`${command.replace("a-drill-4f2k", id)} -h ${server.api}`);
  await end();
  looksAs(out, shown.replaceAll("a-drill-4f2k", id), context);
}

async function keepsEvents(block, [started, asked]) {
  const server = await serve(started.command.replace("faultline serve ", ""));
  server.signal("SIGTERM");
  assert.equal(await server.end(), 0);
  const { out, context } = await run(asked.command);
  looksAs(out, asked.shown, context);
}

testBlocks("events.md", [
  ["$ curl -N localhost:8474/v1/events\n", followsEvents],
  ["$ curl -s -H 'Accept: application/json' 'localhost:8474/v1/events?", listsEvents],
  ["$ faultline events --run", listsEventsOfRun],
  ["$ faultline serve --event-log", keepsEvents],
]);

test("the tables of docs/events.md name every key, and every type that happens", async () => {
  const text = await document("events.md");
  const { server, end, addSlow } = await serverOfEvents();
  const list = async (query) => {
    const headers = { Accept: "application/json" };
    return (await fetch(`http://${server.api}/v1/events${query}`, { headers })).json();
  };
  await addSlow();
  const slow = `http://${server.api}/proxies/redis/toxics/slow`;
  await fetch(slow, { method: "POST", body: JSON.stringify({ toxicity: 0.5 }) });
  await fetch(slow, { method: "DELETE" });
  const v1 = `http://${server.api}/v1`;
  const { connections } = await (await fetch(`${v1}/connections?limit=1`)).json();
  await fetch(`${v1}/connections/${connections[0].id}`, { method: "DELETE" });
  const zones = { a: { cidrs: ["127.1.0.0/16"] }, b: { cidrs: ["127.2.0.0/16"] } };
  await fetch(`${v1}/zones`, { method: "PUT", body: JSON.stringify({ zones }) });
  const cut = { name: "b-cut", from: "a", to: "b" };
  await fetch(`${v1}/partitions`, { method: "POST", body: JSON.stringify(cut) });
  await fetch(`${v1}/partitions/b-cut`, { method: "PATCH", body: JSON.stringify({ mode: "reset" }) });
  await fetch(`${v1}/partitions/b-cut/probes`, { method: "POST" });
  await fetch(`${v1}/partitions/b-cut`, { method: "DELETE" });
  await fetch(`${v1}/partitions`, { method: "POST", body: JSON.stringify(cut) });  // Ends its recovery.
  const drill = { timeline: { steps: [{ name: "quiet", wait: "1ms" }] }, speed: "60x" };
  await fetch(`${v1}/runs`, { method: "POST", body: JSON.stringify(drill) });
  await sleep(100);
  await fetch(`${v1}/halt`, { method: "POST", body: JSON.stringify({ reason: "a drill" }) });
  await fetch(`${v1}/halt`, { method: "DELETE" });
  const proxy = `http://${server.api}/proxies/redis`;
  await fetch(proxy, { method: "POST", body: JSON.stringify({ enabled: false }) });
  await fetch(proxy, { method: "DELETE" });
  const { events } = await list("?since=0");
  const missed = await list("?since=999999");
  const beyond = await fetch(`http://${server.api}/v1/events?limit=1001`);
  await end();

  const keys = tableOf(text, "Key").flatMap(([cell]) => wordsIn(cell));
  for (const event of events) assert.deepEqual(Object.keys(event).sort(), keys.sort());
  const types = new Set(tableOf(text, "Type").flatMap(([cell]) => wordsIn(cell)));
  const seen = new Set(events.map((event) => event.type));
  for (const type of seen) assert.ok(types.has(type), type);
  for (const type of types) {
    assert.ok(seen.has(type) || /\.stopped|\.dropped|\.missed/.test(type), `never seen: ${type}`);
  }
  const { type, from, to } = missed.events[0];
  assert.deepEqual([type, from, to], ["events.missed", null, null]);
  assert.equal(beyond.status, 400, "limit: at most 1000");
});

// ---- docs/exec.md ----------------------------------------------------------------

const withUpstream = (text) => text.replaceAll("127.0.0.1:6379", `127.0.0.1:${port}`);

/** Puts a program of that name in the PATH of commands. */
async function install(name, text) {
  const file = path.join(folder, name);
  await writeFile(file, text);
  await chmod(file, 0o755);
}

/** The suite of the example, for which a program stands in that asks Redis once. */
async function runsSuite(block, [{ command }]) {
  await install(
    "pytest",
    `#!/usr/bin/env node
const { hostname, port } = new URL(process.env.REDIS_URL);
const began = performance.now();
const socket = require("node:net").connect(port, hostname, () => socket.write("PING"));
socket.on("data", (data) => {
  console.log(\`\${process.env.REDIS_URL} \${data} \${Math.round(performance.now() - began)}\`);
  socket.destroy();
});
`,
  );
  const { status, out, context } = await run(withUpstream(command));
  assert.equal(status, 0, context);
  const [, ms] = out.match(/^redis:\/\/127\.0\.0\.1:\d+ PING (\d+)\n$/) ?? assert.fail(context);
  assert.ok(ms >= 200, context);
}

async function takesToxics(block) {
  const proxies = `--proxy redis=:0,127.0.0.1:${port} --proxy db=:0,127.0.0.1:${port}`;
  const asks = `sh -c 'curl -s $FAULTLINE_URL/v1/proxies'`;
  const { status, out, context } = await run(`faultline exec ${proxies} ${block.trim()} -- ${asks}`);
  assert.equal(status, 0, context);
  const found = JSON.parse(out).proxies.flatMap(({ name, toxics }) =>
    toxics.map(({ type, stream, toxicity, attributes }) => ({ name, type, stream, toxicity, attributes })),
  );
  const of = (type) => found.find((toxic) => toxic.type === type) ?? assert.fail(context);
  assert.equal(found.length, 3, context);
  const { attributes, ...latency } = of("latency");
  assert.deepEqual(latency, { name: "redis", type: "latency", stream: "downstream", toxicity: "30%" });
  assert.deepEqual([attributes.latency, attributes.jitter], ["200ms", "20ms"]);
  const { attributes: rate, ...bandwidth } = of("bandwidth");
  assert.deepEqual(bandwidth, { name: "redis", type: "bandwidth", stream: "upstream", toxicity: "100%" });
  assert.equal(rate.rate, "1MB/s");
  assert.equal(of("refuse").name, "db");
}

async function addsFromInside(block, [{ command }]) {
  const { status, out, context } = await run(withUpstream(command));
  assert.equal(status, 0, context);
  assert.match(out, /Added .*stall/, context);
  assert.match(out, /type=stall/, context);
}

async function explains(block, [{ command, shown }]) {
  const file = `version: 1
proxies:
  - name: redis
    listen: 127.0.0.1:26379
    upstream: 127.0.0.1:6379
    toxics:
      - name: slow
        type: latency
        toxicity: 0.3
        attributes: {latency: 200ms, jitter: 20ms}
        match: {clients: [10.0.0.0/8]}
      - {type: stall, pulse: {on: 2s, off: 8s}}
`;
  await writeFile(path.join(folder, "faultline.yaml"), file);
  const { status, out, context } = await run(command);
  assert.equal(status, 0, context);
  assert.equal(out, shown);
  await writeFile(path.join(folder, "faultline.yaml"), file.replace("latency", "latancy"));
  const wrong = await run(command);
  assert.equal(wrong.status, 2, wrong.context);
  assert.match(wrong.err, /latancy.*latency/, wrong.context);
}

testBlocks("exec.md", [
  ["$ faultline exec --proxy redis=:0,127.0.0.1:6379 --toxic", runsSuite],
  ["--toxic redis:latency=200ms,", takesToxics],
  ["$ faultline exec --proxy redis=:0,127.0.0.1:6379 -- sh -c", addsFromInside],
  ["$ faultline explain faultline.yaml\n", explains],
]);

test("the exit statuses of docs/exec.md", async () => {
  const exec = (rest) => run(`faultline exec --proxy redis=:0,127.0.0.1:${port} ${rest}`);
  await writeFile(path.join(folder, "no-program"), "");
  await writeFile(path.join(folder, "wrong.yaml"), "version: 1\nproxis: []\n");
  const statusesOf = {
    "the program's own": [[7, "-- sh -c 'exit 7'"], [0, "-- true"]],
    "128 + N": [[137, "-- sh -c 'kill -KILL $$'"], [143, "-- sh -c 'kill -TERM $$'"]],
    "127, 126": [[127, "-- no-such-program"], [126, "-- ./no-program"]],
    2: [[2, "--nonsense -- true"], [2, "--toxic redis:latancy -- true"], [2, "--config wrong.yaml -- true"]],
    3: [[3, `--proxy db=127.0.0.1:${port},127.0.0.1:1 -- true`]],
  };
  const rows = tableOf(await document("exec.md"), "Exit status").map(([cell]) => cell);
  assert.deepEqual(rows.sort(), Object.keys(statusesOf).sort());
  for (const [expected, rest] of Object.values(statusesOf).flat()) {
    const { status, context } = await exec(rest);
    assert.equal(status, expected, context);
  }
});

test("the options and variables of docs/exec.md", async () => {
  const text = await document("exec.md");
  const help = (await run("faultline exec --help")).out;
  for (const [cell] of tableOf(text, "Option")) {
    const [option] = wordsIn(cell)[0].split(" ");
    assert.ok(help.includes(option), `${option} is not in --help`);
  }
  const proxy = `faultline exec --proxy redis=:0,127.0.0.1:${port}`;
  const names = ["redis", "redis.host", "redis.port", "api"];
  for (const name of names) assert.ok(text.includes(`\`{${name}}\``), name);
  const options = `--env 'ALL=${names.map((name) => `{${name}}`).join(" ")} {{'`;
  const given = await run(`${proxy} ${options} -- sh -c 'echo $ALL $FAULTLINE_URL $TOXIPROXY_URL'`);
  const [address, host, number, api, brace, ...urls] = given.out.trim().split(" ");
  assert.deepEqual([address, host, brace], [`${host}:${number}`, "127.0.0.1", "{"], given.context);
  assert.match(api, /^http:\/\/127\.0\.0\.1:\d+$/);
  assert.deepEqual(urls, [api, api], given.context);

  const unknown = await run(`${proxy} --env 'A={rediss}' -- true`);
  assert.equal(unknown.status, 2, unknown.context);
  for (const name of names) assert.ok(unknown.err.includes(`{${name}}`), unknown.context);

  // What else stands behind commas: what has no value in the text gets one here.
  const values = { name: "n", after_connections: 1, first: 2, every: 3, poisson: "2s/5s", after: "1s", until: "5s" };
  values.ramp = "latency=0..9/1s";
  const further = text.match(/Further\s+attributes\s+follow([\s\S]*?), each as/)[1];
  for (const word of wordsIn(further)) {
    const setting = word.includes("=") ? word : `${word}=${values[word]}`;
    const taken = await run(`${proxy} --toxic redis:latency=1ms,${setting} -- true`);
    assert.equal(taken.status, 0, taken.context);
  }
});
