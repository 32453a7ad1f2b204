// Real clients, and what each of them says when something goes wrong.
//
// Every function resolves to an outcome, { says, ms }: the words that go into
// the table, and how long it took to come to them. None rejects.

import { spawn } from "node:child_process";
import http from "node:http";
import net from "node:net";
import { createClient } from "@redis/client";

/** How long a client may be silent before it is given up. */
export const patience = 3000;

/** More than all the buffers on the way, Faultline's included, can hold. */
const bulk = Buffer.alloc(16 << 20, "x");

/**
 * The outcome of what `begin` starts: the first thing that `done` is told, or else `silence`.
 * The clock starts when `since` resolves.
 */
export function outcome(begin, { silence = "silent", most = patience, since = null } = {}) {
  return new Promise((resolve) => {
    let start = performance.now();
    let timer;
    const done = (says) => {
      clearTimeout(timer);
      resolve({ says, ms: performance.now() - start });
    };
    begin(done);
    const watch = () => {
      start = performance.now();
      timer = setTimeout(done, most, silence);
    };
    if (since) since.then(watch);
    else watch();
  });
}

/** RST is told by connect, write or read, as it happens to come. */
const worded = (error) => error.message.replace(/ 127.*/, "").replace(/\w+ (ECONNRESET)/, "$1");

const named = (error) => {
  // Which of the two it is depends on whether RST or the write was first.
  if (error.code === "EPIPE" || error.code === "ECONNRESET") return "reset";
  return error.code ?? error.message;
};

// ---- Plain sockets -----------------------------------------------------------

/** A plain socket that remembers what it was told, so that nobody comes too late to hear it. */
export class Plain {
  constructor(port) {
    this.socket = net.connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    this.heard = null;
    this.connected = outcome((done) => {
      this.socket.once("connect", () => done("connects"));
      // RST may come before connect() has returned, or after it.
      this.socket.once("error", (error) => {
        done(error.code === "ECONNRESET" ? "connects" : error.code);
      });
    });
    const hear = (says) => {
      this.heard ??= says;
      this.tell?.(this.heard);
    };
    this.socket.on("data", () => hear("answer"));
    this.socket.on("end", () => hear("FIN"));
    this.socket.on("error", (error) => hear(named(error)));
  }

  /** What comes next. */
  read(most = patience) {
    return outcome(
      (done) => {
        this.tell = done;
        if (this.heard) done(this.heard);
      },
      { most },
    );
  }

  /** Asks for an answer of `size`, "small" or "large". */
  ask(size) {
    this.heard = null;
    if (this.socket.writable) this.socket.write(size === "large" ? "L" : "S");
  }

  /** What writing much comes to. */
  write() {
    return outcome((done) => {
      this.socket.on("error", (error) => done(named(error)));
      if (this.socket.destroyed) return done("reset");
      this.socket.write(bulk, (error) => done(error ? named(error) : "written"));
    }, { silence: "blocks", most: 2000 });
  }

  end() {
    this.socket.on("error", () => {});
    this.socket.resetAndDestroy();
  }
}

// ---- node's http -------------------------------------------------------------

/** Gets `path`. `begun` is called when the head of the answer is there. */
export function nodeHttp(port, path, { begun = () => {}, since } = {}) {
  let request;
  return outcome((done) => {
    request = http.get({ port, host: "127.0.0.1", path, agent: false }, (response) => {
      begun();
      response.resume();
      response.on("end", () => done("answer"));
      response.on("error", (error) => done(worded(error)));
    });
    request.on("error", (error) => done(worded(error)));
  }, { since }).finally(() => request.destroy());
}

// ---- npm's @redis/client -----------------------------------------------------

/** Runs `ask(client)` on a client that is connected first. */
export function nodeRedis(port, ask, { database = 0, since } = {}) {
  const client = createClient({
    database,
    socket: { port, host: "127.0.0.1", reconnectStrategy: false },
  });
  client.on("error", () => {});
  return outcome((done) => {
    client
      .connect()
      .then(() => ask(client))
      .then((value) => done(value === null ? "nothing" : "answer"))
      .catch((error) => done(worded(error)));
  }, { since }).finally(() => client.isOpen && client.destroy());
}

// ---- Programs ----------------------------------------------------------------

/** Runs a program; `done` is told its status and all that it printed. */
function run(command, words, begun, done) {
  const child = spawn(command, words, { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  const hear = (data) => {
    output += data;
    begun();
  };
  child.stdout.on("data", hear);
  child.stderr.on("data", hear);
  child.on("error", (error) => done(-1, error.message));
  child.on("close", (status) => done(status, output));
  return child;
}

/** curl, which prints as it reads. `begun` is called when it has printed something. */
export function curl(port, path, { begun = () => {}, since } = {}) {
  const url = `http://127.0.0.1:${port}${path}`;
  let child;
  return outcome((done) => {
    child = run("curl", ["-sS", "-N", url], begun, (status) => {
      done(status === 0 ? "answer" : `exit ${status}`);
    });
  }, { since }).finally(() => child.kill("SIGKILL"));
}

export function redisCli(port, words, { begun = () => {}, since } = {}) {
  let child;
  return outcome((done) => {
    child = run("redis-cli", ["-p", port, ...words], begun, (status, output) => {
      const error = /Connection refused|Connection reset by peer|Error: .*/.exec(output);
      done(error ? error[0].replace("Error: ", "") : "answer");
    });
  }, { since }).finally(() => child.kill("SIGKILL"));
}
