// `faultline exec` around the test suite of examples/node-redis: with a Redis that is slow, down or
// gone the service with a fallback stays green, and the one without turns red; and nothing remains.
//
// FAULTLINE_BINARY is the path of the binary.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { processesWith } from "./remains.mjs";

const faultline = process.env.FAULTLINE_BINARY;
const example = fileURLToPath(new URL("../../examples/node-redis", import.meta.url));
const patienceMs = 120_000;

let redis;
let proxy; // The options of a proxy in front of it.

// ---- What is run ---------------------------------------------------------------

async function freePort() {
  const server = net.createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Whether somebody listens at HOST:PORT. */
function listens(address) {
  const [host, port] = address.split(":");
  return new Promise((resolve) => {
    const socket = net.connect({ host, port });
    socket.once("error", () => resolve(false));
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
  });
}

async function eventually(condition, what) {
  const until = Date.now() + patienceMs;
  while (!(await condition())) {
    assert.ok(Date.now() < until, what);
    await sleep(20);
  }
}

/** A running `faultline exec`, and all that may remain of it. */
class Exec {
  out = "";

  static async start(options, command, environment = {}) {
    const exec = new Exec();
    exec.mark = `MARK=${randomUUID()}`;
    exec.folder = await mkdtemp(path.join(tmpdir(), "exec-"));
    const [name, value] = exec.mark.split("=");
    const env = { ...process.env, ...environment, TMPDIR: exec.folder, [name]: value };
    delete env.NODE_TEST_CONTEXT; // Else a suite inside this one reports to it.
    const words = ["exec", ...proxy, ...options, "--", ...command];
    exec.files = await readdir(example);
    exec.process = spawn(faultline, words, { cwd: example, env, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [exec.process.stdout, exec.process.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => (exec.out += text));
    }
    exec.ended = new Promise((resolve) => {
      exec.process.once("exit", (status, signal) => resolve(status ?? signal));
    });
    return exec;
  }

  /** The exit status; fails if it does not come, or if anything remains. */
  async end() {
    const late = setTimeout(() => this.process.kill("SIGKILL"), patienceMs);
    const status = await this.ended;
    clearTimeout(late);
    const gone = async () => (await processesWith(this.mark)).length === 0;
    await eventually(gone, "a process remains");
    assert.deepEqual(await readdir(this.folder), [], "a file remains");
    assert.deepEqual(await readdir(example), this.files, "a file remains");
    await rm(this.folder, { recursive: true });
    return status;
  }
}

/** Runs the example's suite; resolves to its exit status and the names of tests that failed. */
async function suite(toxics, naive) {
  const options = toxics.flatMap((toxic) => ["--toxic", `redis:${toxic}`]);
  const command = ["node", "--test", "--test-reporter=tap"];
  const exec = await Exec.start(options, command, naive ? { CACHE: "naive" } : {});
  const status = await exec.end();
  const failed = [...exec.out.matchAll(/^ *not ok \d+ - (.*)$/gm)].map((match) => match[1]);
  return { status, failed, out: exec.out };
}

before(async () => {
  const port = await freePort();
  const words = ["--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
  redis = spawn("redis-server", words, { stdio: "ignore" });
  await eventually(() => listens(`127.0.0.1:${port}`), "redis-server does not start");
  proxy = ["--proxy", `redis=:0,127.0.0.1:${port}`, "--env", "REDIS_URL=redis://{redis}"];
});

after(() => redis.kill("SIGKILL"));

// ---- Red and green -------------------------------------------------------------

for (const cache of ["robust", "naive"]) {
  test(`without a toxic the ${cache} cache's suite is green`, async () => {
    const { status, failed, out } = await suite([], cache === "naive");
    assert.deepEqual(failed, [], out);
    assert.equal(status, 0, out);
  });
}

for (const toxic of ["latency=3s", "refuse", "stall", "blackhole", "timeout=2s"]) {
  test(`with ${toxic} the robust cache's suite is green`, async () => {
    const { status, failed, out } = await suite([toxic], false);
    assert.deepEqual(failed, [], out);
    assert.equal(status, 0, out);
  });
  test(`with ${toxic} the naive cache's suite is red`, async () => {
    const { status, failed, out } = await suite([toxic], true);
    assert.equal(status, 1, out);
    const promise = "a price is right, and soon there, asked for the first time and the second";
    assert.ok(failed.includes(promise), out);
  });
}

// ---- Ends ----------------------------------------------------------------------

const waiting = ["node", "-e", "console.log(process.env.REDIS_URL); setInterval(() => {}, 1000)"];

/** A program that waits, and the address of its proxy, at which somebody listens. */
async function startWaiting() {
  const exec = await Exec.start([], waiting);
  await eventually(() => exec.out.includes("\n"), "it does not start");
  const address = exec.out.trim().replace("redis://", "");
  assert.ok(await listens(address));
  return { exec, address };
}

for (const [signal, status] of Object.entries({ SIGTERM: 143, SIGINT: 130, SIGHUP: 129 })) {
  test(`${signal} ends the program, and the status says so`, async () => {
    const { exec, address } = await startWaiting();
    exec.process.kill(signal);
    assert.equal(await exec.end(), status);
    assert.equal(await listens(address), false);
  });
}

test("kill -9 leaves nothing, the program included", async () => {
  const { exec, address } = await startWaiting();
  assert.equal((await processesWith(exec.mark)).length, 2);
  exec.process.kill("SIGKILL");
  assert.equal(await exec.end(), "SIGKILL");
  assert.equal(await listens(address), false);
});
