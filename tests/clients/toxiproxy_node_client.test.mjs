// toxiproxy-node-client, unmodified, against the faultline binary: every call it has.
// FAULTLINE_BINARY is the path of the binary.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import net from "node:net";
import { after, before, test } from "node:test";
import client from "toxiproxy-node-client";

const { Toxiproxy, ToxiproxyError } = client;

let server;
let upstream;
let upstreamAddress;
let toxiproxy;

const listen = "127.0.0.1:0";

/** Starts faultline and returns the address of its control API, from its log. */
function startServer() {
  server = spawn(process.env.FAULTLINE_BINARY, ["serve", "--listen", "127.0.0.1:0"], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  return new Promise((resolve, reject) => {
    let log = "";
    server.stderr.on("data", (data) => {
      log += data;
      const match = /"control API listens".*"address":"([^"]+)"/.exec(log);
      if (match) resolve(match[1]);
    });
    server.on("exit", () => reject(new Error(`faultline ended: ${log}`)));
  });
}

/** Sends one word through a proxy; resolves to the answer ("" if closed) and how long it took. */
function echo(address) {
  const [host, port] = address.split(":");
  const start = performance.now();
  return new Promise((resolve, reject) => {
    const socket = net.connect(Number(port), host);
    const end = (text) => {
      socket.destroy();
      resolve({ text, ms: performance.now() - start });
    };
    socket.on("connect", () => socket.write("hello"));
    socket.on("data", (data) => end(data.toString()));
    socket.on("end", () => end(""));
    socket.on("error", reject);
  });
}

before(async () => {
  upstream = net.createServer((socket) => {
    socket.on("error", () => {});
    socket.pipe(socket);
  });
  await new Promise((resolve) => upstream.listen(0, "127.0.0.1", resolve));
  upstreamAddress = `127.0.0.1:${upstream.address().port}`;
  toxiproxy = new Toxiproxy(`http://${await startServer()}`);
});

after(async () => {
  upstream.close();
  const exited = new Promise((resolve) => server.on("exit", resolve));
  server.kill("SIGTERM");
  assert.equal(await exited, 0, "faultline ends with 0");
});

test("getVersion", async () => {
  const version = JSON.parse(await toxiproxy.getVersion());
  assert.equal(version.version, "2.12.0");
});

test("createProxy, get, getAll, remove", async () => {
  const body = { name: "made", listen, upstream: upstreamAddress };
  const proxy = await toxiproxy.createProxy(body);
  assert.equal(proxy.name, "made");
  assert.equal(proxy.enabled, true);
  assert.match(proxy.listen, /^127\.0\.0\.1:[1-9]\d*$/);
  assert.equal((await echo(proxy.listen)).text, "hello");

  const found = await toxiproxy.get("made");
  assert.deepEqual(found.toJson(), proxy.toJson());
  assert.deepEqual(Object.keys(await toxiproxy.getAll()), ["made"]);

  await assert.rejects(toxiproxy.createProxy(body), ToxiproxyError);
  await proxy.remove();
  assert.deepEqual(await toxiproxy.getAll(), {});
  await assert.rejects(toxiproxy.get("made"), ToxiproxyError);
  await assert.rejects(echo(proxy.listen), { code: "ECONNREFUSED" });
});

test("populate", async () => {
  const bodies = ["one", "two"].map((name) => ({ name, listen, upstream: upstreamAddress }));
  const proxies = await toxiproxy.populate(bodies);
  assert.deepEqual(Object.keys(proxies), ["one", "two"]);
  assert.equal((await echo(proxies.two.listen)).text, "hello");
  assert.deepEqual(await toxiproxy.populate([]), {});
  await proxies.one.remove();
  await proxies.two.remove();
});

test("proxy.update disables, enables and moves", async () => {
  const proxy = await toxiproxy.createProxy({ name: "p", listen, upstream: upstreamAddress });
  const { upstream, listen: bound } = proxy;
  const off = await proxy.update({ enabled: false, listen: bound, upstream });
  assert.equal(off.enabled, false);
  await assert.rejects(echo(bound), { code: "ECONNREFUSED" });
  const on = await off.update({ enabled: true, listen: bound, upstream });
  assert.equal(on.listen, bound);
  assert.equal((await echo(bound)).text, "hello");
  const moved = await on.update({ enabled: true, listen, upstream });
  assert.notEqual(moved.listen, bound);
  await moved.remove();
});

test("addToxic, getToxic, toxic.update, toxic.remove", async () => {
  const proxy = await toxiproxy.createProxy({ name: "p", listen, upstream: upstreamAddress });
  const toxic = await proxy.addToxic({ type: "latency", attributes: { latency: 100, jitter: 0 } });
  assert.deepEqual(toxic.toJson(), {
    attributes: { latency: 100, jitter: 0 },
    name: "latency_downstream",
    stream: "downstream",
    toxicity: 1,
    type: "latency",
  });
  assert.ok((await echo(proxy.listen)).ms >= 99);

  const found = await proxy.getToxic("latency_downstream");
  assert.deepEqual(found.toJson(), toxic.toJson());
  const updated = await toxic.update({ attributes: { latency: 200, jitter: 0 }, toxicity: 1 });
  assert.equal(updated.attributes.latency, 200);
  assert.ok((await echo(proxy.listen)).ms >= 199);

  await toxic.remove();
  assert.ok((await echo(proxy.listen)).ms < 99);
  await assert.rejects(proxy.getToxic("latency_downstream"), ToxiproxyError);
  await proxy.remove();
});

test("every type of toxic can be added, updated and removed", async () => {
  const proxy = await toxiproxy.createProxy({ name: "p", listen, upstream: upstreamAddress });
  const types = {
    bandwidth: { rate: 100 },
    latency: { latency: 1, jitter: 1 },
    limit_data: { bytes: 1000 },
    reset_peer: { timeout: 1000 },
    slicer: { average_size: 10, size_variation: 2, delay: 1 },
    slow_close: { delay: 1 },
    timeout: { timeout: 1000 },
  };
  for (const [type, attributes] of Object.entries(types)) {
    for (const stream of ["upstream", "downstream"]) {
      const body = { type, stream, name: "t", toxicity: 0.5, attributes };
      const toxic = await proxy.addToxic(body);
      assert.deepEqual(toxic.toJson(), body);
      assert.deepEqual((await toxic.update({ attributes, toxicity: 1 })).attributes, attributes);
      await toxic.remove();
    }
  }
  await assert.rejects(proxy.addToxic({ type: "nonsense" }), ToxiproxyError);
  await proxy.remove();
});

test("reset", async () => {
  const proxy = await toxiproxy.createProxy({ name: "p", listen, upstream: upstreamAddress });
  await proxy.addToxic({ type: "latency", attributes: { latency: 5000 } });
  await proxy.update({ enabled: false, listen: proxy.listen, upstream: proxy.upstream });
  await toxiproxy.reset();
  const healed = await toxiproxy.get("p");
  assert.equal(healed.enabled, true);
  assert.ok((await echo(healed.listen)).ms < 1000);
  await assert.rejects(healed.getToxic("latency_downstream"), ToxiproxyError);
  await healed.remove();
});
