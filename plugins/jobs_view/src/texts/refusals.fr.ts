/** Why the API refuses something, in French; see `refusals.en.ts`. */
import type { Refusals } from "./refusals.en";

/** What requesters have asked for. */
const WORKS: Record<string, string> = { training: "l'entraînement", import: "l'import" };
const named = (work = ""): string => WORKS[work] ?? work;

export const refusals: Refusals = {
  own_request: ({ person, work, subject }) =>
    `${person} a demandé ${named(work)} de ${subject} et ne peut donc pas décider de cette version.`,
  requester_unknown: ({ subject, work, attempts }) =>
    `Personne ne peut encore décider de ${subject}\u202f: on ne sait pas qui a relancé ${named(work)} avant l'essai ${attempts}. ` +
    "Réessayez dans un instant, quand l'observateur aura enregistré qui l'a fait. Si le journal d'audit d'Airflow ne le dit pas, créez une version dans une nouvelle exécution.",
  not_an_approver: ({ person, subject, approvers }) =>
    `${person} ne fait pas partie des approbateurs de ${subject}\u202f: ${approvers}.`,
  comment_missing: () => "Un rejet doit être motivé par un commentaire.",
  comment_too_long: ({ length, most }) =>
    `Le commentaire compte ${length} caractères\u202f; ${most} au plus sont possibles.`,
  unstorable: () =>
    "Une réponse ne peut contenir ni caractère NUL ni moitié de paire de substitution\u202f: aucune base de données ne peut les stocker. Supprimez-les du commentaire.",
  answer_out_of_bounds: ({ wrong }) => `La réponse dépasse les limites\u202f: ${wrong}.`,
  other_card: () =>
    "La réponse porte sur d'autres preuves que celles affichées\u202f; examinez celles qui sont affichées maintenant.",
  evidence_changed: () =>
    "Les preuves ont changé depuis leur affichage. Elles seront à jour dans un instant\u202f: examinez-les, puis répondez à nouveau.",
  no_decision_awaited: () => "Cette version n'attend pas de décision.",
  decided_already: ({ person, subject }) => `${person} a déjà décidé de ${subject}.`,
  approval_ended: ({ status }) =>
    `Cette approbation a pris fin (${status}) et n'accepte plus de réponse\u202f; effacez sa tâche dans Airflow pour reposer la question.`,
  too_early: () =>
    "Trop tôt\u202f: Airflow ne peut pas encore accepter de réponse à cette approbation. Réessayez dans un instant.",
  approval_unknown: () =>
    "Le registre ne connaît pas la tâche de cette approbation\u202f; rien n'est décidé. Effacez-la dans Airflow pour reposer la question.",
  undecided_away: () => "Le registre est injoignable\u202f; rien n'est décidé. Réessayez dans un instant.",
  undecided_busy: () => "Le registre est trop occupé\u202f; rien n'est décidé. Réessayez dans un instant.",
  ledger_away: () => "Le registre est injoignable ou trop occupé. Rien n'est perdu\u202f; réessayez dans un instant.",
  unknown_job: ({ job }) => `La tâche ${job} n'existe pas, ou vous n'y avez pas accès.`,
  unknown_attempt: ({ job, attempt }) => `La tâche ${job} n'a pas d'essai ${attempt}.`,
  unknown_deployment: ({ deployment }) => `Le déploiement ${deployment} n'existe pas, ou vous n'y avez pas accès.`,
  unknown_model: ({ model }) => `${model} n'existe pas, ou vous n'y avez pas accès.`,
  unknown_version: ({ model, version }) => `${model} n'a pas de version ${version}, ou vous n'y avez pas accès.`,
  not_in_production: ({ model, target }) =>
    `Aucune version de ${model} n'est en production dans ${target}, ou vous n'y avez pas accès.`,
  unknown_file: ({ job, sha256 }) => `La tâche ${job} n'a pas ce fichier d'empreinte SHA-256 ${sha256}.`,
  unknown_evaluation: ({ job, sha256 }) => `La tâche ${job} n'a pas d'évaluation d'empreinte ${sha256}.`,
  unknown_page: ({ after }) => `Aucune page ne se termine à ${after}. Revenez à la première page.`,
  unknown_zone: ({ zone }) => `Le fuseau horaire ${zone} n'existe pas. Choisissez par exemple Europe/Paris, ou UTC.`,
  no_log: ({ job, attempt }) =>
    `L'espace de stockage des journaux n'a pas le journal de l'essai ${attempt} de la tâche ${job}.`,
  log_store_away: () =>
    "L'espace de stockage des journaux est illisible pour le moment\u202f; réessayez dans un instant.",
  log_too_long: ({ line, seconds }) =>
    `Le journal est trop long\u202f: impossible d'atteindre la ligne ${line} en ${seconds} secondes. Le journal complet est dans l'espace de stockage des journaux.`,
  too_many_logs: () => "Trop de journaux sont lus en même temps\u202f; réessayez dans un instant.",
  too_many_files: () => "Trop de fichiers sont vérifiés en même temps\u202f; réessayez dans un instant.",
  too_many_periods: ({ most }) =>
    `Cet intervalle compte plus de ${most} périodes\u202f; choisissez un intervalle plus court ou des périodes plus longues.`,
  empty_period: () => "Le début de la période n'est pas antérieur à sa fin.",
  nothing_checked: ({ job }) => `La tâche ${job} n'a aucun résultat de contrôle de dérive.`,
  nothing_published: ({ job }) => `La tâche ${job} n'a rien publié.`,
  predictions_unreadable: ({ target, reason }) => `Les lignes de ${target} sont illisibles\u202f: ${reason}.`,
  artifact_changed: ({ name }) =>
    `L'artefact ${name} est absent ou a été modifié après son enregistrement\u202f; il n'est donc pas fourni.`,
  not_allowed: ({ dag }) => `Airflow ne vous autorise pas à faire cela avec le DAG ${dag}.`,
  audit_log_hidden: () => "Vous n'avez pas accès au journal d'audit de tous les DAG.",
  other_site: () => "La demande vient de la page d'un autre site\u202f; seules celles d'Airflow sont acceptées.",
  not_json: () => "Le corps de la requête doit être en JSON, avec l'en-tête Content-Type application/json.",
  not_now: ({ job, status, action }) =>
    `La tâche ${job} est dans l'état «\u202f${status}\u202f»\u202f; l'action «\u202f${action}\u202f» n'est pas possible maintenant.`,
  deployment_ended: ({ deployment, ending }) =>
    `Le déploiement ${deployment} a été ${ending}\u202f; il n'a plus d'exécutions par lots.`,
  no_training: ({ model }) =>
    `${model} vient d'un fichier importé\u202f: importez un autre fichier avec le DAG byom_lifecycle.`,
  no_version: () => "La demande doit contenir un numéro de version.",
  not_deployable: ({ subject, version_status }) =>
    `${subject} a l'état «\u202f${version_status}\u202f»\u202f; seule une version approuvée peut être déployée.`,
  no_dag: () => "Airflow n'a pas le DAG qui exécute cette action.",
  no_dag_yet: () =>
    "Airflow n'a pas encore de DAG pour ce déploiement. Il apparaît quelques secondes après le déploiement\u202f: réessayez alors.",
  record_gone: () =>
    "Airflow n'a plus la trace de cette instance (supprimée par un nettoyage)\u202f; l'action est impossible. Déclenchez à nouveau son DAG.",
  airflow_failed: ({ status }) =>
    `Airflow a échoué à traiter la demande (code ${status})\u202f; son journal peut en donner la raison.`,
};
