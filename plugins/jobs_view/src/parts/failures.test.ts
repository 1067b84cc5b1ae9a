import assert from "node:assert/strict";
import { test } from "node:test";

import { RequestFailed } from "../api/client.ts";
import { en } from "../texts/en.ts";
import { fr } from "../texts/fr.ts";
import { inWords, refusal, sentence } from "./failures.ts";

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

test("a refusal whose code is known is said in the reader's language", () => {
  const values = { person: "ada", work: "training", subject: "demo/a v3" };
  const own = new RequestFailed(403, "ada asked for …", { code: "own_request", values });
  assert.equal(refusal(own, en), "ada requested the training of demo/a v3 and can't decide on it.");
  const french = "ada a demandé l'entraînement de demo/a v3 et ne peut donc pas décider de cette version.";
  assert.equal(refusal(own, fr), french);
  assert.equal(sentence(own, fr), french);
});

test("statuses, actions and endings in a refusal have the names that the page has for them", () => {
  const now = { code: "not_now", values: { job: 5, status: "awaiting_approval", action: "run_now" } };
  assert.equal(inWords(now, en), "Job 5 has the status Awaiting approval, so Run now isn't possible now.");
  assert.equal(
    inWords(now, fr),
    "La tâche 5 est dans l'état «\u202fEn attente d'approbation\u202f»\u202f; l'action «\u202fExécuter maintenant\u202f» n'est pas possible maintenant.",
  );
  const ended = { code: "deployment_ended", values: { deployment: 2, ending: "retired" } };
  assert.match(inWords(ended, fr) ?? "", /a été mis hors service/);
});

test("a busy server that isn't the ledger is told apart from it", () => {
  const busy = new RequestFailed(503, "x", { code: "too_many_logs", values: {} });
  assert.match(sentence(busy, en), /^Too many logs/);
});

test("a code that the page doesn't know, or that is a name of all objects, leaves the server's own words", () => {
  for (const code of ["from_a_newer_release", "toString", "constructor", ""]) {
    const error = new RequestFailed(409, "in English", { code, values: {} });
    assert.equal(inWords({ code, values: {} }, fr), null);
    assert.equal(refusal(error, fr), "in English", code);
    assert.equal(sentence(error, fr), "Le serveur a répondu 409\u202f: in English", code);
  }
});
