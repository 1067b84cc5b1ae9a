import type { Texts } from "./en";

export const decisions: Texts["decisions"] = {
  title: "À décider",
  counted: (number) => `${number} en attente de votre décision`,
  none: "Aucune décision n'est en attente de votre part. D'autres personnes décident des versions que vous avez demandées.",
  only: (number) => `Voici les ${String(number)} qui attendent depuis le plus longtemps.`,
  asks: {
    model: "Cette version peut-elle être déployée\u202f?",
    feature_task: "Cette version de la tâche de caractéristiques peut-elle être déployée\u202f?",
  },
  since: "Soumise aux approbateurs",
  champion: (version) => `En production\u202f: v${String(version)}`,
  noChampion: "Rien n'est encore en production\u202f: il n'y a pas de comparaison possible.",
  sameRows: "Les deux ont été mesurées sur les mêmes lignes.",
  otherRows:
    "Elles ont été mesurées sur des lignes différentes\u202f: les métriques ne sont pas directement comparables.",
  evidence: "Toutes les preuves",
  page: "Page du modèle",
  compare: "Comparer en détail",
};
