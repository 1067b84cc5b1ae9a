/** The French texts on statistics and drift. */
import type { Texts } from "./en";

/** The names of bins are on record in English. */
const BINS: [RegExp, string][] = [
  [/^below (.+)$/, "moins de $1"],
  [/^above (.+)$/, "plus de $1"],
  [/^between (.+) and (.+)$/, "entre $1 et $2"],
  [/^rare or new$/, "rares ou nouvelles"],
  [/^null$/, "valeurs nulles"],
  [/^not finite$/, "non finies"],
  [/^“(.*)”$/s, "«\u202f$1\u202f»"],
];
const frenchBin = (name: string): string => {
  const numbers = name.startsWith("“") ? name : name.replaceAll(/(\d)\.(\d)/g, "$1,$2");
  return BINS.reduce((text, [from, to]) => text.replace(from, to), numbers);
};

export const statistics: Texts["statistics"] = {
  title: "Statistiques des colonnes",
  column: "Colonne",
  nulls: "Valeurs nulles",
  least: "Minimum",
  most: "Maximum",
  mean: "Moyenne",
  distribution: "Distribution",
  mostFrequent: "Les plus fréquentes",
  roles: { feature: "Caractéristiques", target: "Cibles", prediction: "Prédictions" },
  ofRows: (role, rows) => `${role} (${rows} lignes)`,
  aboutReference: "Les lots lancés après cette tâche sont comptés dans les classes de ces colonnes.",
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
  inSql: "Les mêmes chiffres en SQL",
  about:
    "Indice de stabilité de population (PSI) de chaque colonne par rapport à la référence de la version\u202f; σ\u202f: écart-type. Une colonne est décalée si l'indice dépasse significativement la tolérance (0,5\u202f% de fausses alertes pour l'ensemble des caractéristiques, et pour l'ensemble des prédictions). La dérive est modérée ou forte selon la borne inférieure de l'intervalle de confiance de l'indice. «\u202fAu sein de la référence\u202f»\u202f: le plus grand indice entre un dixième de ses lignes et les neuf autres.",
};
