import assert from "node:assert/strict";
import { test } from "node:test";

import { RequestFailed } from "../api/client.ts";
import { en } from "../texts/en.ts";
import { fr } from "../texts/fr.ts";
import { refusal, sentence } from "./failures.ts";

test("each failure is said in a sentence of its own", () => {
  assert.equal(sentence(new RequestFailed(0, "network"), en), en.failures.unreachable);
  assert.equal(sentence(new RequestFailed(401, "x"), en), en.failures.signedOut);
  assert.equal(sentence(new RequestFailed(403, "x"), en), en.failures.forbidden);
  assert.equal(sentence(new RequestFailed(503, "x"), en), en.failures.ledger);
  assert.equal(sentence(new RequestFailed(422, "no such type"), en), "The server answered 422: no such type");
  assert.equal(sentence(new RequestFailed(500, "x"), fr), "Le serveur a répondu 500\u202f: x");
});

test("the server refuses an action in its own words", () => {
  for (const status of [400, 403, 409]) {
    assert.equal(refusal(new RequestFailed(status, "it has ended"), en), "it has ended");
  }
  assert.equal(refusal(new RequestFailed(401, "x"), en), en.failures.signedOut);
  assert.equal(refusal(new RequestFailed(503, "x"), fr), fr.failures.ledger);
});
