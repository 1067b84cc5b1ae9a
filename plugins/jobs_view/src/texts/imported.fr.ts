import type { Texts } from "./en";

export const imported: Texts["imported"] = {
  format: "Format du modèle",
  madeBy: "Créé par",
  unknown: "non indiqué dans le fichier",
  file: "Fichier du modèle",
  externalId: "Identifiant externe",
  type: "Type de modèle",
  types: { binary: "classification binaire", multiclass: "classification multiclasse", regression: "régression" },
  classes: "Classes du modèle",
  positive: "Classe positive",
  byName: "Entrées, par nom",
  inOrder: "Entrées, dans l'ordre",
  more: (count) => `et ${count} autres`,
  statisticsRows: "Lignes des statistiques",
  ofFile: "fichier du modèle",
  ofStatistics: "lignes des statistiques",
  size: (name, size) => `${name} (${size})`,
  readWith: (format, library) => `${format}, lu avec ${library}`,
  warnings: {
    in_order: ({ file }) =>
      `${file ?? ""} ne nomme pas ses caractéristiques\u202f: elles sont prises dans l'ordre de datasets.yaml. Vérifiez cet ordre.`,
    classes_assumed: ({ file, first, second }) =>
      `${file ?? ""} ne nomme pas ses classes\u202f: on suppose ${first ?? ""} et ${second ?? ""}.`,
    classes_replaced: ({ file, pairs }) => `Les classes de ${file ?? ""} sont remplacées\u202f: ${pairs ?? ""}.`,
    whole_numbers: ({ column, largest, limit }) =>
      `${column ?? ""} contient des entiers jusqu'à ${largest ?? ""}. Le modèle reçoit des valeurs float32, qui ne représentent exactement les entiers que jusqu'à ${limit ?? ""}\u202f: les prédictions peuvent différer de celles du modèle d'origine.`,
    rounding: ({ column, largest, deviation, error }) =>
      `${column ?? ""} a des valeurs jusqu'à ${largest ?? ""} avec un écart type de ${deviation ?? ""}. Le modèle reçoit des valeurs float32, dont l'erreur d'arrondi peut atteindre ${error ?? ""}\u202f: les prédictions peuvent différer de celles du modèle d'origine. Soustrayez un décalage dans le SQL et dans l'entraînement du modèle d'origine.`,
  },
};
