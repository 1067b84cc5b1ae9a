import type { Texts } from "./en";

export const usage: Texts["usage"] = {
  title: "Mémoire et temps processeur",
  unmeasured: "Aucun code d'utilisateur n'a été mesuré pour cette tâche.",
  peakMemory: "Pic de mémoire",
  allocated: "Plus grande allocation",
  cpuTime: "Temps processeur",
  requested: "Demandé par la version",
  queue: (name) => `file ${name}`,
  pool: (name) => `pool de ressources ${name}`,
  memory: (size) => `${size} de mémoire`,
  cpu: (time) => `${time} de temps processeur`,
  time: (time) => `${time} de durée`,
  allocation: (size) => `${size} alloués`,
  most: (jobs, values) =>
    `${jobs === 1 ? "La dernière tâche terminée" : `Les ${String(jobs)} dernières tâches terminées`} de ce type pour le même modèle ou la même tâche de caractéristiques ${jobs === 1 ? "a" : "ont"} utilisé au plus\u202f: ${values}. Cette demande suffirait pour la prochaine\u202f:`,
};
