import type { Texts } from "./en";

type Cause = [RegExp, (...found: string[]) => string];

/** Why a metric has no value: the causes on record, and how French says them. */
const CAUSES: Cause[] = [
  [/^every label is (.*)$/s, (value) => `toutes les valeurs observées sont ${value}`],
  [/^every prediction is (.*)$/s, (value) => `toutes les prédictions sont ${value}`],
  [/^no label and no prediction is (.*)$/s, (value) => `aucune valeur observée ni prédiction n'est ${value}`],
  [/^no label is (.*)$/s, (value) => `aucune valeur observée n'est ${value}`],
  [/^no prediction is (.*)$/s, (value) => `aucune prédiction n'est ${value}`],
  [
    /^a label is (.*), for which the model has no probability$/s,
    (value) => `une valeur observée est ${value}, pour laquelle le modèle ne donne pas de probabilité`,
  ],
  [/^the only class of the model is (.*)$/s, (value) => `la seule classe du modèle est ${value}`],
  [/^no row has a label$/, () => "aucune ligne n'a de valeur observée"],
  [/^there is only one row$/, () => "il n'y a qu'une ligne"],
  [/^it has no finite value on these rows$/, () => "sa valeur n'est pas finie sur ces lignes"],
  [/^the model has more than 50 classes$/, () => "le modèle a plus de 50 classes"],
  [/^its value on these rows is too large$/, () => "sa valeur sur ces lignes est trop grande"],
];

const frenchReason = (text: string): string => {
  for (const [pattern, french] of CAUSES) {
    const found = pattern.exec(text);
    if (found !== null) return french(...found.slice(1));
  }
  return text;
};

export const evaluation: Texts["evaluation"] = {
  reason: frenchReason,
  ofTarget: (title, target) => `${title}\u202f: ${target}`,
  numbers: "En chiffres",
  roc: "Courbe ROC",
  aboutRoc:
    "Pour chaque seuil de la probabilité\u202f: la part des lignes positives trouvées, selon la part des lignes négatives prises pour positives. En tirets\u202f: un modèle qui ne distingue pas les classes.",
  falsePositives: "Taux de faux positifs",
  truePositives: "Taux de vrais positifs",
  precisionRecall: "Précision et rappel",
  aboutPrecisionRecall:
    "Pour chaque seuil de la probabilité. En tirets\u202f: la part des lignes positives, qui est la précision d'un modèle qui ne distingue pas les classes.",
  recall: "Rappel",
  precision: "Précision",
  calibration: "Calibration",
  aboutCalibration:
    "Lignes groupées par probabilités voisines\u202f: la probabilité moyenne et la part observée de lignes positives, avec son intervalle à 95\u202f%. En tirets\u202f: des probabilités observées comme prédites.",
  predicted: "Probabilité prédite",
  observed: "Part observée",
  interval: "Intervalle à 95\u202f%",
  rows: "Lignes",
  confusion: "Matrice de confusion",
  aboutConfusion:
    "Lignes par valeur observée et par classe prédite\u202f; entre parenthèses\u202f: la part des lignes de cette valeur observée.",
  label: "Valeur observée",
  predictedClass: "Prédite",
  otherClasses: (number) => `autres (${number})`,
  residuals: "Résidus",
  aboutResiduals: "Prédiction moins valeur observée. En tirets\u202f: 0.",
  residual: "Résidu",
  between: (low, high) => `${low} à ${high}`,
  below: (edge) => `moins de ${edge}`,
  above: (edge) => `plus de ${edge}`,
  classes: "Par classe",
  aboutClasses:
    "Une classe sans ligne prédite n'a pas de précision, et une classe sans valeur observée n'a pas de rappel.",
  class: "Classe",
  predictedRows: "Lignes prédites",
  f1: "Score F1",
  slices: (column) => `Selon ${column}`,
  value: "Valeur",
  noValue: "sans valeur",
  otherValues: (number) => `toutes les autres (${number})`,
  labelsMissing: "Sans valeur observée",
};
