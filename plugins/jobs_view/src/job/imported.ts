/** What the evidence says of a model whose file was imported. */
import type { Formats } from "../texts/formats";
import type { Texts } from "../texts/en";

/** A warning as the registry has it: a code, with values that depend on it. */
export type FileWarning = { code: string } & Record<string, string | number>;

type Label = string | number | boolean;

export type ImportedDefinition = {
  model: { format: string; type: string; classes: Label[] | null; positive: Label | null };
  file: { name: string; address: string; size: number; sha256: string };
  found: { library: string; library_version: string; producer: string };
  external_id: string | null;
  mapped: "by_name" | "in_order";
  inputs: [input: string, feature: string][];
  warnings: FileWarning[];
};

const SHOWN = 50;

/** The facts of the file: names and values. */
export const fileFacts = (
  { model, file, found, external_id, mapped, inputs }: ImportedDefinition,
  texts: Texts["imported"],
  formats: Formats,
): [name: string, value: string][] => {
  const pairs = inputs.slice(0, SHOWN).map(([input, feature]) => (input === feature ? input : `${input} → ${feature}`));
  const rest = inputs.length - SHOWN;
  return [
    [texts.format, texts.readWith(model.format, `${found.library} ${found.library_version}`)],
    [texts.madeBy, found.producer === "" ? texts.unknown : found.producer],
    [texts.file, texts.size(file.address, formats.bytes(file.size))],
    [texts.externalId, external_id ?? "–"],
    [texts.type, texts.types[model.type] ?? model.type],
    ...(model.classes === null
      ? []
      : [[texts.classes, model.classes.map(String).join(", ")] satisfies [string, string]]),
    ...(model.positive === null ? [] : [[texts.positive, String(model.positive)] satisfies [string, string]]),
    [
      mapped === "in_order" ? texts.inOrder : texts.byName,
      [...pairs, ...(rest > 0 ? [texts.more(formats.number(rest))] : [])].join(", "),
    ],
  ];
};

/** A warning in the reader's language; one whose code a later release has recorded, as it is. */
export const warningText = ({ code, ...values }: FileWarning, texts: Texts["imported"], formats: Formats): string => {
  const shown = Object.entries(values).map(([name, value]): [string, string] => [
    name,
    typeof value === "number" ? formats.number(value) : value,
  ]);
  return texts.warnings[code]?.(Object.fromEntries<string>(shown)) ?? JSON.stringify({ code, ...values });
};
