// Runs what documents show, and sees whether they show what happens.
//
// FAULTLINE_BINARY is the path of the binary.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";

const faultline = path.resolve(process.env.FAULTLINE_BINARY);
const patienceMs = 20_000;

export let folder; // Where commands run. What stands in it comes first in their PATH, too.
let upstream;
export let port; // Of the upstream: an echo stands in for Redis.

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "docs-"));
  await symlink(faultline, path.join(folder, "faultline"));
  upstream = net.createServer((socket) => socket.on("error", () => {}).pipe(socket));
  await once(upstream.listen(0, "127.0.0.1"), "listening");
  port = upstream.address().port;
});

after(async () => {
  for (const program of running) program.signal("SIGKILL"); // Those of tests that failed.
  upstream.close();
  await rm(folder, { recursive: true });
});

// ---- Running what is written -----------------------------------------------------

const running = new Set();

/** A command, as a shell runs it, and what it says. */
export class Running {
  out = "";
  err = "";

  /** `input`: it is sent something with say(); else it has no standard input. */
  constructor(command, { input = false } = {}) {
    const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
    const stdio = [input ? "pipe" : "ignore", "pipe", "pipe"];
    this.command = command;
    this.process = spawn("bash", ["-c", command], { cwd: folder, env, stdio, detached: true });
    this.process.stdout.setEncoding("utf8").on("data", (text) => (this.out += text));
    this.process.stderr.setEncoding("utf8").on("data", (text) => (this.err += text));
    running.add(this);
    this.ended = once(this.process, "close").finally(() => running.delete(this));
  }

  /** Waits until `pattern` stands in what it has said on either stream; returns the match. */
  async says(pattern) {
    const until = Date.now() + patienceMs;
    for (;;) {
      const match = `${this.out}\n${this.err}`.match(pattern);
      if (match) return match;
      assert.ok(Date.now() < until, `${this.command}\nnever says ${pattern}:\n${this.out}${this.err}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  say(text) {
    this.process.stdin.write(text);
  }

  /** To it and to all that it has started. */
  signal(name) {
    process.kill(-this.process.pid, name);
  }

  /** Its exit status, or the signal that ended it. */
  async end() {
    const late = setTimeout(() => this.signal("SIGKILL"), patienceMs);
    const [status, signal] = await this.ended;
    clearTimeout(late);
    return status ?? signal;
  }
}

export async function run(command) {
  const program = new Running(command);
  const status = await program.end();
  const { out, err } = program;
  return { status, out, err, context: `${command} -> ${status}\n${out}${err}` };
}

async function freePort() {
  const server = net.createServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port: free } = server.address();
  server.close();
  await once(server, "close");
  return free;
}

/** A server as the documents start it, with the ports of a test: `words` are its arguments. */
export async function serve(words) {
  const listen = await freePort();
  const here = words.replace("127.0.0.1:26379", `127.0.0.1:${listen}`).replace(":6379", `:${port}`);
  const command = `exec faultline serve --listen 127.0.0.1:0 --log-format json ${here}`;
  const server = new Running(command);
  server.listen = listen;
  server.api = (await server.says(/"control API listens".*?"address":"([^"]+)"/))[1];
  return server;
}

// ---- What a document shows -------------------------------------------------------

export const document = (name) => readFile(new URL(`../../docs/${name}`, import.meta.url), "utf8");

/** The code blocks of `text`, each with the first of its lines. */
const blocksOf = (text) =>
  [...text.matchAll(/^```\w*\n([\s\S]*?)^```$/gm)].map((match) => match[1]);

/** The commands of a block, continued lines joined, and what is shown under each. */
function stepsOf(block) {
  const steps = [];
  for (const line of block.replaceAll(/ *\\\n +/g, " ").trimEnd().split("\n")) {
    if (line.startsWith("$ ")) steps.push({ command: line.slice(2), shown: "" });
    else if (steps.length > 0) steps.at(-1).shown += `${line}\n`;
  }
  return steps;
}

/** What is another each time; in a document `...` is anything. */
const volatile = [
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`],
  [/(?<="request_id":)"[a-z0-9]{20}"/g, '"[a-z0-9]{20}"'],
  [/(?<="took_ms":)\d+\.\d+/g, String.raw`\d+(\.\d+)?`],
  [/ ?\.\.\./g, "[^\\n]*?"],
];

/** Matches what looks as `shown` does: the same words, keys in the same order, the same values. */
function patternOf(shown) {
  const parts = [];
  let text = shown.replaceAll("\x00", "");
  for (const [pattern, stands] of volatile) {
    text = text.replaceAll(pattern, () => `\x00${parts.push(stands) - 1}\x00`);
  }
  const escaped = text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(`^${escaped.replaceAll(/\x00(\d+)\x00/g, (_, part) => parts[part])}$`);
}

export function looksAs(actual, shown, context) {
  assert.match(actual.trimEnd(), patternOf(shown.trimEnd()), context);
}

/** The first cells of the rows of the table under the heading `first`, with their second ones. */
export function tableOf(text, first) {
  const lines = text.split("\n");
  const start = lines.findIndex((line) => line.startsWith(`| ${first} |`));
  assert.ok(start >= 0, `there is no table of ${first}`);
  const rows = [];
  for (const line of lines.slice(start + 2)) {
    if (!line.startsWith("|")) break;
    rows.push(line.split(/(?<!\\)\|/).slice(1, 3).map((cell) => cell.trim()));
  }
  return rows;
}

export const wordsIn = (cell) => [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1]);

/** Runs every block of the document with the one of `known` that knows it; each knows one. */
export function testBlocks(name, known) {
  test(`every block of docs/${name} shows what happens`, async (context) => {
    const unused = new Set(known.map(([start]) => start));
    for (const block of blocksOf(await document(name))) {
      const found = known.filter(([start]) => block.startsWith(start));
      assert.equal(found.length, 1, `docs/${name} has a block that no test knows:\n${block}`);
      const [start, check] = found[0];
      assert.ok(unused.delete(start), `two blocks of docs/${name} begin with ${start}`);
      await context.test(start, () => check(block, stepsOf(block)));
    }
    assert.deepEqual([...unused], [], `blocks that docs/${name} has no more`);
  });
}
