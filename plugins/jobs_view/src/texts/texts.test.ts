import assert from "node:assert/strict";
import { suite, test } from "node:test";

import { en } from "./en.ts";
import { fr } from "./fr.ts";

/** What is written the same in both languages. */
const SAME = [
  ...[
    "Airflow",
    "Calibration",
    "Champion v1",
    "Champion v2",
    "Distribution",
    "Maximum",
    "Minimum",
    "PSI",
    "Provenance",
    "SHA-256",
    "Table",
    "Type",
    "Verdict",
    "Version",
    "code",
    "stable",
    "v1",
    "v2",
  ],
  ...["h", "min", "ms", "s"],
  ...["9", "10k+", "0 3 * * * (Europe/Paris)"],
];
/** What only other languages name. */
const ONLY_FRENCH = "steps.";

/** What refusals name. */
const VALUES = Object.fromEntries(
  [
    ...["action", "after", "approvers", "attempt", "attempts", "dag", "deployment", "ending", "job", "length"],
    ...[
      "line",
      "model",
      "most",
      "name",
      "person",
      "reason",
      "seconds",
      "sha256",
      "status",
      "subject",
      "target",
      "work",
    ],
    ...["version", "version_status", "wrong", "zone"],
  ].map((name) => [name, `<${name}>`]),
);

/** What warnings about imported models name. */
const WARNED = Object.fromEntries(
  ["column", "deviation", "error", "file", "first", "largest", "limit", "pairs", "second"].map((name) => [
    name,
    `<${name}>`,
  ]),
);

/** Why columns are not comparable, as drift checks record it. */
const REASONS = [
  "there is no reference of x: recompute the statistics of the version (DAG model_statistics), then rerun the batch",
  "an earlier release recorded the statistics, without a reference: import and run the task again (DAG feature_pipeline), and deploy that version",
  "x is categorical, and continuous in the reference",
  "x is temporal, and other in the reference",
  "x has no finite value in the reference",
  "x is of a type without bins",
  "x is counted in other bins than those of the reference: rerun the batch",
  "the batch was published without statistics of it: rerun the batch",
];

/** Why metrics have no value, as evaluations record it. */
const UNDEFINED = [
  "every label is yes",
  "every prediction is 1",
  "no label is yes",
  "no prediction is yes",
  "no label and no prediction is yes",
  "a label is c, for which the model has no probability",
  "the only class of the model is no",
  "no row has a label",
  "there is only one row",
  "it has no finite value on these rows",
  "its value on these rows is too large",
  "the model has more than 50 classes",
];

type Said = (...given: unknown[]) => string;
type Text = string | Said;

const textsOf = (value: object, path = ""): [string, Text][] =>
  Object.entries(value).flatMap(([name, each]: [string, Text | object]) =>
    typeof each === "object" ? textsOf(each, `${path}${name}.`) : [[path + name, each] satisfies [string, Text]],
  );

const english = new Map(textsOf(en));
const french = new Map(textsOf(fr));

/** What functions are given, so that each thing that they can say is said. */
const givenTo = (path: string): unknown[][] => {
  if (path.startsWith("waits.")) {
    return [[{ tasks: "train", limit: 16, pool: "gpu" }]];
  }
  if (path === "catalogue.scheduled") {
    return ["manual", "once", "publish only", "after here.spend", "0 3 * * *"].map((text) => [text, "Europe/Paris"]);
  }
  if (path.startsWith("refusals.")) {
    return [[VALUES]];
  }
  if (path.startsWith("imported.warnings.")) {
    return [[WARNED]];
  }
  if (path === "counted") {
    return [
      ["9", false],
      ["10k", true],
    ];
  }
  if (path === "drift.bin") {
    return [["below 0.5"], ["between 1 and 2.5"], ["“1.2”"], ["null"], ["others"]];
  }
  if (path === "drift.reason") {
    return REASONS.map((text) => [text]);
  }
  if (path === "evaluation.reason") {
    return UNDEFINED.map((text) => [text]);
  }
  return [
    [1, false],
    [2, true],
  ];
};

const saidBy = (path: string, text: Text): string[] =>
  typeof text === "string" ? [text] : givenTo(path).map((given) => text(...given));

test("both languages have the same texts", () => {
  const shared = [...french.keys()].filter((path) => !path.startsWith(ONLY_FRENCH));
  assert.deepEqual(shared.toSorted(), [...english.keys()].toSorted());
});

test("texts that are functions are so in both languages, with as many parameters", () => {
  for (const [path, text] of english) {
    const other = french.get(path);
    assert.equal(typeof other, typeof text, path);
    assert.equal(other?.length === text.length || typeof text === "string", true, `${path} has other parameters`);
  }
});

test("no text is empty, or says undefined", () => {
  for (const [path, text] of [...english, ...french]) {
    for (const said of saidBy(path, text)) {
      assert.match(said, /\S/, path);
      assert.doesNotMatch(said, /undefined|\[object|NaN/, path);
    }
  }
});

test("a refusal names the same in both languages", () => {
  const named = (said: string[]): string[] => said.flatMap((text) => text.match(/<\w+>/g) ?? []).toSorted();
  for (const [path, text] of [...english].filter(([each]) => each.startsWith("refusals."))) {
    assert.deepEqual(named(saidBy(path, french.get(path) ?? "")), named(saidBy(path, text)), path);
  }
});

test("what is the same in both languages is known to be", () => {
  const found = new Set<string>();
  for (const [path, text] of english) {
    const other = french.get(path);
    const both = [saidBy(path, text), other === undefined ? [] : saidBy(path, other)] as const;
    both[0].filter((said, index) => said === both[1][index]).forEach((said) => found.add(said));
  }
  assert.deepEqual([...found].toSorted(), SAME.toSorted());
});

test("why a column is not comparable is in the reader's language, and as recorded where that isn't known", () => {
  for (const text of REASONS) {
    const said = fr.drift.reason(text);
    assert.doesNotMatch(said, /\b(?:the|is|batch|rerun|reference|there)\b/, text);
    assert.equal(en.drift.reason(text), text);
  }
  assert.equal(
    fr.drift.reason("late: rate is continuous, and categorical in the reference"),
    "late: rate est numérique, et catégorielle dans la référence",
  );
  assert.equal(
    fr.drift.reason("x is counted in other bins than those of the reference: rerun the batch"),
    "x est comptée dans d'autres classes que celles de la référence\u202f: relancez le lot",
  );
  assert.equal(fr.drift.reason("something else: rerun the batch"), "something else: rerun the batch");
});

test("why a metric has no value is in the reader's language, and as recorded where that isn't known", () => {
  for (const text of UNDEFINED) {
    const said = fr.evaluation.reason(text);
    assert.doesNotMatch(said, /\b(?:the|is|label|every|only|row|it)\b/, text);
    assert.equal(en.evaluation.reason(text), text);
  }
  assert.equal(fr.evaluation.reason("no label is no label is 1"), "aucune valeur observée n'est no label is 1");
  assert.equal(fr.evaluation.reason("the model's own reason"), "the model's own reason");
});

suite("typography", () => {
  const RULES: [string, RegExp][] = [
    ["a narrow no-break space before : ; ! ? and »", /[^\u202f](?:[;!?»]|:(?=\s|$))/u],
    ["a narrow no-break space after «", /«(?!\u202f)/u],
    ["« » for quotes", /["“”]/u],
    ["… for three dots", /\.\.\./u],
    ["no two spaces together, and none at the ends", /^\s|\s\s|\s$/u],
  ];
  for (const [rule, broken] of RULES) {
    test(`in French: ${rule}`, () => {
      for (const [path, text] of french) {
        saidBy(path, text).forEach((said) => assert.doesNotMatch(said, broken, path));
      }
    });
  }

  test("in English: no space before : ; ! ? and . and no two together", () => {
    for (const [path, text] of english) {
      saidBy(path, text).forEach((said) => assert.doesNotMatch(said, /\s[:;!?.,]|^\s|\s\s|\s$|\.\.\./u, path));
    }
  });

  test("a sentence ends with the same sign in both languages", () => {
    const ends = (said: string): string => /[.:!?…]?$/u.exec(said)?.[0] ?? "";
    for (const [path, text] of english) {
      const said = saidBy(path, french.get(path) ?? "");
      assert.deepEqual(said.map(ends), saidBy(path, text).map(ends), path);
    }
  });
});
