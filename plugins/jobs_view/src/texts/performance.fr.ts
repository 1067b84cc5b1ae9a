import type { Texts } from "./en";

export const performance: Texts["performance"] = {
  title: "Performances",
  of: (version, target) => `Performances de ${version} → ${target}`,
  none: "Rien n'a encore été mesuré.",
  noLabels:
    "Ce déploiement n'a pas de valeurs observées. Redéployez la version avec le paramètre «\u202fDataset for labels\u202f», ou entraînez une version dont le fichier datasets.yaml contient un jeu de données truth.",
  labels: (dataset) => `Valeurs observées\u202f: ${dataset === null ? "données en SQL" : `jeu de données ${dataset}`}`,
  maturity: (days, shown) => `complètes après ${shown} ${days < 2 ? "jour" : "jours"}`,
  nextDue: (at) => `prochaine recherche\u202f: ${at}`,
  batch: "Lot",
  batches: "Lots",
  rows: "Prédictions",
  labelled: "Avec valeur observée",
  missing: "Sans valeur observée",
  measured: "Mesuré",
  lower: "Borne inférieure",
  upper: "Borne supérieure",
  value: "Valeur",
  until: "Intervalle de données jusqu'au",
  metric: (name, target) => (target === null ? name : `${target}\u202f: ${name}`),
  interval: (lower, upper) => `${lower} à ${upper}`,
  more: "Ce sont les plus récents\u202f; la requête ci-dessous les renvoie tous.",
  about:
    "Chaque lot est mesuré avec ses prédictions telles qu'elles ont été publiées, et avec les valeurs observées connues au moment de la mesure. Entre crochets\u202f: intervalle de confiance à 95\u202f%, comme si les lignes étaient indépendantes. Dans les graphiques, chaque intervalle de données est représenté par le lot publié en premier.",
};
