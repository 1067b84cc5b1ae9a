/** The French texts on statistics and drift. */
import type { Texts } from "./en";

/** The names of bins are on record in English. */
const BINS: [RegExp, string][] = [
  [/^below (.+)$/, "moins de $1"],
  [/^above (.+)$/, "plus de $1"],
  [/^between (.+) and (.+)$/, "entre $1 et $2"],
  [/^rare or new$/, "rares ou nouvelles"],
  [/^others$/, "autres"],
  [/^null$/, "valeurs nulles"],
  [/^not finite$/, "non finies"],
  [/^“(.*)”$/s, "«\u202f$1\u202f»"],
];
const frenchBin = (name: string): string => {
  const numbers = name.startsWith("“") ? name : name.replaceAll(/(\d)\.(\d)/g, "$1,$2");
  return BINS.reduce((text, [from, to]) => text.replace(from, to), numbers);
};

const KINDS: Record<string, string> = {
  continuous: "numérique",
  categorical: "catégorielle",
  temporal: "temporelle",
  other: "d'un autre type",
};
const kind = (name: string): string => KINDS[name] ?? name;

/** Why a column is not comparable is on record in English: what `statistics/drift.py` and `kinds/check_drift.py` say. */
const CAUSES: [RegExp, (...found: string[]) => string][] = [
  [/^there is no reference of (.+)$/s, (column) => `il n'y a pas de référence de ${column}`],
  [
    /^an earlier release recorded the statistics, without a reference$/,
    () => "une version antérieure du système a enregistré les statistiques, sans référence",
  ],
  [
    /^(.+) is (\w+), and (\w+) in the reference$/s,
    (column, now, before) => `${column} est ${kind(now)}, et ${kind(before)} dans la référence`,
  ],
  [/^(.+) has no finite value in the reference$/s, (column) => `${column} n'a aucune valeur finie dans la référence`],
  [/^(.+) is of a type without bins$/s, (column) => `${column} est d'un type sans classes`],
  [
    /^(.+) is counted in other bins than those of the reference$/s,
    (column) => `${column} est comptée dans d'autres classes que celles de la référence`,
  ],
  [
    /^the batch was published without statistics of it$/,
    () => "le lot a été publié sans statistiques de cette colonne",
  ],
];
const REMEDIES: [string, string][] = [
  [
    "recompute the statistics of the version (DAG model_statistics), then rerun the batch",
    "recalculez les statistiques de la version (DAG model_statistics), puis relancez le lot",
  ],
  [
    "import and run the task again (DAG feature_pipeline), and deploy that version",
    "importez et exécutez de nouveau la tâche (DAG feature_pipeline), et déployez cette version",
  ],
  ["rerun the batch", "relancez le lot"],
];
const frenchReason = (text: string): string => {
  const [what, remedy] = REMEDIES.find(([each]) => text.endsWith(`: ${each}`)) ?? ["", ""];
  const cause = what === "" ? text : text.slice(0, -`: ${what}`.length);
  for (const [pattern, french] of CAUSES) {
    const found = pattern.exec(cause);
    if (found !== null) return french(...found.slice(1)) + (remedy === "" ? "" : `\u202f: ${remedy}`);
  }
  return text;
};

export const statistics: Texts["statistics"] = {
  title: "Statistiques des colonnes",
  column: "Colonne",
  nulls: "Valeurs nulles",
  least: "Minimum",
  most: "Maximum",
  mean: "Moyenne",
  distribution: "Distribution",
  deployed: "Exécution déployée",
  now: "Cette exécution",
  mostFrequent: "Les plus fréquentes",
  roles: { feature: "Caractéristiques", target: "Cibles", prediction: "Prédictions" },
  ofRows: (role, rows) => `${role} (${rows} lignes)`,
  aboutReference: "Les lots lancés après cette tâche sont comptés dans les classes de ces colonnes.",
  none: "Aucune statistique n'est enregistrée.",
  aboutNumbers: "Ouvrez une colonne pour voir ses classes en chiffres.",
  aboutHalves:
    "Les catégories de l'exécution déployée sont comptées sur la moitié de ses lignes\u202f: elles ont été choisies sur l'autre moitié.",
  moreBins: (number) => `Catégories qui ont le moins changé, non affichées\u202f: ${number}.`,
  drift: "Dérive",
  verdicts: {
    stable: "stable",
    moved: "décalée",
    moderate: "modérée",
    major: "forte",
    not_enough_rows: "pas assez de lignes",
    not_comparable: "non comparable avec l'exécution déployée",
  },
  tooSmall: (shift) => `référence trop petite pour détecter un décalage de moins de ${shift} σ`,
  shift: (index, shift) => `PSI ${index}, comme un décalage de ${shift} σ`,
  natural: (index) => `au sein de l'exécution déployée\u202f: ${index}`,
  aboutDrift:
    "Indice de stabilité de population (PSI) par rapport à ce qui est déployé\u202f; σ\u202f: écart-type. Une colonne est décalée si l'indice dépasse significativement 0,005 (0,5\u202f% de fausses alertes pour l'ensemble des colonnes). La dérive est modérée à partir de 0,1 et forte à partir de 0,25, selon la borne inférieure de l'intervalle de confiance de l'indice. «\u202fAu sein de l'exécution déployée\u202f»\u202f: le plus grand indice entre un dixième de ses lignes et les neuf autres. Les colonnes de la clé d'entité, les dates et les octets ne sont pas comparés.",
};

export const drift: Texts["drift"] = {
  title: "Dérive par rapport à la référence",
  nothing: "Il n'y a pas encore de résultat.",
  nothingCompared: "Le lot n'a aucune colonne à comparer.",
  verdict: "Verdict",
  index: "PSI",
  shift: "Comme un décalage de (σ)",
  natural: "Au sein de la référence",
  mostMoved: "Classes qui ont le plus changé",
  prediction: "prédiction",
  bin: frenchBin,
  reason: frenchReason,
  distributionOf: (column) => `Distribution de ${column}`,
  binHeading: "Classe",
  inReference: "Référence",
  inBatch: "Lot",
  moreBins: (number) => `Catégories non affichées\u202f: ${number}. La requête ci-dessous les renvoie toutes.`,
  aboutBins:
    "Les catégories sont comptées sur la moitié des lignes de la référence\u202f: elles ont été choisies sur l'autre moitié.",
  noBins: "Pas de distribution\u202f: le lot n'a pas compté cette colonne dans les classes d'une référence.",
  of: (version, target) => `Dérive de ${version} → ${target}`,
  overTime: "Dérive au cours du temps",
  reference: "Statistiques de la référence",
  checkOfBatch: "Contrôle de dérive de ce lot",
  noResults: "Aucun des lots les plus récents n'a de résultat de contrôle de dérive.",
  notChecked: "non contrôlé",
  shortVerdicts: { not_comparable: "non comparable", reference_too_small: "référence trop petite" },
  leftOut: (number) =>
    `Colonnes qui ont moins changé, non affichées\u202f: ${number}. La requête ci-dessous les renvoie toutes.`,
  earlier: "Il y a des lots plus anciens\u202f: augmentez LIMIT dans la requête ci-dessous.",
  aboutMap:
    "Chaque case indique le verdict et l'indice de stabilité de population (PSI) d'une colonne, selon le contrôle de dérive le plus récent du lot, par rapport à la référence de la version qui a produit le lot. Les colonnes qui ont le plus changé viennent en premier. Les lots d'un intervalle recalculé depuis sont omis.",
  inSql: "Les mêmes chiffres en SQL",
  about:
    "Indice de stabilité de population (PSI) de chaque colonne par rapport à la référence de la version\u202f; σ\u202f: écart-type. Une colonne est décalée si l'indice dépasse significativement la tolérance (0,5\u202f% de fausses alertes pour l'ensemble des caractéristiques, et pour l'ensemble des prédictions). La dérive est modérée ou forte selon la borne inférieure de l'intervalle de confiance de l'indice. «\u202fAu sein de la référence\u202f»\u202f: le plus grand indice entre un dixième de ses lignes et les neuf autres.",
};
