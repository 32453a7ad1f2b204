// What the service promises, whatever its cache does: run it by itself, or around it a Redis that is
// slow or away (see README.md).

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { queryPrice } from "../src/database.js";
import { serviceFromEnvironment } from "../src/service.js";
import { within } from "../src/within.js";

const startMs = 5_000;
const answerMs = 1_500;

let service;
let url;
let queries = 0;
let nextId = Math.floor(Math.random() * 1e9); // Not what an earlier run has left in Redis.

before(async () => {
  service = await serviceFromEnvironment((id) => {
    queries++;
    return queryPrice(id);
  });
  try {
    url = await within(startMs, service.start());
  } catch (error) {
    service.stop(); // Nobody else does: after() is for a start that succeeded.
    throw error;
  }
});

after(() => service.stop());

/** The answer to a request, which has so long to come. */
async function priceOf(id) {
  const response = await within(answerMs, fetch(`${url}/prices/${id}`));
  assert.equal(response.status, 200);
  return within(answerMs, response.json());
}

test("a price is right, and soon there, asked for the first time and the second", async () => {
  const id = nextId++;
  const cents = await queryPrice(id);
  assert.equal((await priceOf(id)).cents, cents);
  assert.equal((await priceOf(id)).cents, cents);
});

test("fifty who ask at once are all answered soon", async () => {
  const ids = Array.from({ length: 50 }, () => nextId++);
  const prices = await Promise.all(ids.map(priceOf));
  assert.deepEqual(
    prices.map((price) => price.cents),
    await Promise.all(ids.map(queryPrice)),
  );
});

test("a cache that works keeps the second question from the database", async () => {
  const id = nextId++;
  const failures = service.cache.failures;
  queries = 0;
  await priceOf(id);
  const second = await priceOf(id);
  const failed = service.cache.failures > failures;
  assert.ok(failed || (second.from === "cache" && queries === 1));
});

test("a product's page that does not exist is no reason to fall over", async () => {
  assert.equal((await within(answerMs, fetch(`${url}/prices/x`))).status, 404);
});
