// examples/three-zones, as `./dev example three-zones` plays it: what its nodes and its Redis saw
// is looked at once more; it fails when it is not as it should be; and nothing remains of it.
//
// FAULTLINE_BINARY is the path of the binary.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { processesWith } from "./remains.mjs";

const example = fileURLToPath(new URL("../../examples/three-zones", import.meta.url));
const patienceMs = 180_000;

const playing = new Set();
let folder; // For all plays, each with one of its own in it.

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "three-zones-test-"));
});

after(async () => {
  for (const play of playing) play.process.kill(); // Those of tests that failed.
  for (const play of playing) await play.ended;
  await rm(folder, { recursive: true });
});

/** A play that goes on. */
class Play {
  out = "";
  err = "";

  static async start({ options = ["--json"], environment = {} } = {}) {
    const play = new Play();
    const mark = randomUUID();
    play.mark = `MARK=${mark}`;
    play.folder = path.join(folder, mark);
    await mkdir(play.folder);
    const env = { ...process.env, ...environment, TMPDIR: play.folder, MARK: mark };
    const words = [path.join(example, "play.mjs"), ...options];
    play.process = spawn(process.execPath, words, { env, stdio: ["ignore", "pipe", "pipe"] });
    play.process.stdout.setEncoding("utf8").on("data", (text) => (play.out += text));
    play.process.stderr.setEncoding("utf8").on("data", (text) => (play.err += text));
    play.ended = new Promise((resolve) => {
      play.process.once("close", (status, signal) => resolve(status ?? signal));
    });
    playing.add(play);
    return play;
  }

  /** What it has said, by what it is about. */
  facts() {
    const facts = this.out.trim().split("\n").map((line) => JSON.parse(line));
    const stages = facts.filter(({ stage }) => stage).map((fact) => [fact.stage, fact]);
    const commands = facts.filter(({ command }) => command).map((fact) => [fact.command, fact]);
    return { ...Object.fromEntries(stages), commands: Object.fromEntries(commands) };
  }

  /** Waits until `look` resolves to something. */
  async until(what, look) {
    for (const late = Date.now() + patienceMs; ; await sleep(20)) {
      const found = await look();
      if (found) return found;
      const goesOn = this.process.exitCode === null && Date.now() < late;
      assert.ok(goesOn, `${what} does not come: ${this.out}${this.err}`);
    }
  }

  says(pattern) {
    return this.until(`${pattern}`, () => pattern.exec(this.out));
  }

  /** Its process whose command line has these words. */
  processOf(words) {
    return this.until(words, async () => {
      for (const pid of await processesWith(this.mark)) {
        const line = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
        if (line.includes(words.replaceAll(" ", "\0"))) return pid;
      }
      return null;
    });
  }

  /** The exit status; fails if it does not come, or if anything remains. */
  async end() {
    playing.delete(this);
    const late = setTimeout(() => this.process.kill("SIGTERM"), patienceMs);
    const status = await this.ended;
    clearTimeout(late);
    assert.deepEqual(await processesWith(this.mark), [], "a process remains");
    assert.deepEqual(await readdir(this.folder), [], "a file remains");
    return status;
  }
}

/** Whether one end is in b, and the other is not. */
const isAcross = ({ from, to }) => from.startsWith("b") !== to.startsWith("b");

/** Of two looks at the pairs: on how many the lines, or their answers, have become more. */
function moved(before, after, of) {
  const pairs = after.map((pair, i) => [pair, before[i]]).filter(([pair]) => of(pair));
  const more = (count) => pairs.filter(([now, then]) => now[count] > then[count]).length;
  return { forth: more("heard"), back: more("answered") };
}

async function isCutAndComesBack(environment) {
  const play = await Play.start({ environment });
  const status = await play.end();
  const context = `${play.out}${play.err}`;
  assert.equal(status, 0, context);
  const { before: first, cut, healed, commands } = play.facts();

  assert.equal(first.pairs.length, 15 * 14);
  assert.equal(first.pairs.filter(isAcross).length, 100);
  for (const pair of [...first.pairs, ...healed.pairs]) {
    assert.ok(pair.reached, JSON.stringify(pair));
    assert.equal(pair.connections, 1, JSON.stringify(pair));
    assert.equal(pair.wrong, 0, JSON.stringify(pair));
  }

  assert.equal(commands["faultline zone cut b --ttl 10m"].status, 0, context);
  const isFree = (pair) => !isAcross(pair);
  assert.deepEqual(moved(cut.before, cut.after, isAcross), { forth: 0, back: 0 });
  assert.deepEqual(moved(cut.before, cut.after, isFree), { forth: 110, back: 110 });
  assert.equal(cut.after.filter(({ wrong }) => wrong > 0).length, 0);
  assert.equal(cut.effect.cut, 101); // With the link of the replica in b.
  assert.ok(cut.effect.matched >= 101);
  assert.equal(cut.effect.crossed, 0);
  assert.deepEqual(cut.redis, { b: "all is well", c: "b is cut off", link: "down" });

  assert.equal(commands["faultline zone heal b"].status, 0, context);
  for (const [i, { said, answered }] of healed.cut.entries()) {
    const pair = healed.pairs[i];
    if (isAcross(pair)) assert.ok(said > answered, "it said nothing into the void");
    assert.ok(pair.answered >= said, JSON.stringify(pair));
  }
  assert.equal(healed.redis.b, "b is cut off");
}

test("zone b is cut off, and comes back on the same connections with every byte in order", () =>
  isCutAndComesBack({}));

test("it is and does so where the kernel drops no packets for us", () =>
  isCutAndComesBack({ FAULTLINE_PACKET_FILTERS: "off" }));

test("a cut that does nothing is not as it should be", async () => {
  const binary = path.join(folder, "faultline");
  await writeFile(
    binary,
    `#!/bin/sh
[ "$1 $2" = "zone cut" ] && set -- "$@" --shadow
exec "${path.resolve(process.env.FAULTLINE_BINARY)}" "$@"
`,
    { mode: 0o755 },
  );
  const environment = { FAULTLINE_BINARY: binary };
  const play = await Play.start({ options: ["--json", "--patience", "20"], environment });
  assert.equal(await play.end(), 1, play.out);
  assert.match(play.err, /not as it should be/);
  const { commands } = play.facts();
  assert.ok("faultline zone cut b --ttl 10m" in commands, play.err);
});

test("--stay leaves it up, and what it and the README say to try can be tried", async () => {
  const readme = await readFile(path.join(example, "README.md"), "utf8");
  const play = await Play.start({ options: ["--stay"] });
  const [preparation] = await play.says(/^export .*(?=\n[^]*\nredis-cli .*\n)/m);
  const commands = [
    ...play.out.matchAll(/^((?:faultline|redis-cli) .*?)(?: +#.*)?$/gm),
    ...readme.matchAll(/^\| `(faultline .*?)` \|/gm),
  ].map(([, command]) => command);
  assert.ok(commands.length >= 13, commands.join("\n"));
  for (const command of commands) {
    const isChange = /^faultline (zone|partition|run) /.test(command);
    const tried = isChange ? `${command} --dry-run` : command.replace(" --watch", "");
    await promisify(execFile)("bash", ["-c", `${preparation}\n${tried}`]); // Rejects if it fails.
  }
  for (const [line] of readme.matchAll(/^yes .*$/gm)) assert.ok(play.out.includes(line), line);
  play.process.kill("SIGINT");
  assert.equal(await play.end(), 130, play.err);
});

test("a node that dies ends the play, and is named", async () => {
  const play = await Play.start();
  process.kill(await play.processOf("node.mjs b3"), "SIGKILL");
  assert.equal(await play.end(), 1);
  assert.match(play.err, /node b3 has ended: SIGKILL/);
});

for (const [signal, status, when] of [
  ["SIGTERM", 143, "redis-server --bind"],
  ["SIGINT", 130, "node.mjs c5"],
]) {
  test(`${signal} ends all that was started`, async () => {
    const play = await Play.start();
    await play.processOf(when);
    play.process.kill(signal);
    assert.equal(await play.end(), status, play.err);
  });
}
