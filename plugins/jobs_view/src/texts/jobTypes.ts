/** The job types as the product declares them: see `jobTypes.made.ts`. */
import type { JobType } from "../api/client";
import { DECLARED_GROUPS, DECLARED_TYPES } from "./jobTypes.made.ts";

export type Language = "en" | "fr";
export type Group = keyof typeof DECLARED_GROUPS;
export type Tab =
  "evidence" | "predictions" | "features" | "statistics" | "drift" | "performance" | "logs" | "life" | "properties";

type Label = Record<Language, string>;
type Declared = { group: Group; stage: string; label: Label; tabs: readonly [Tab, ...Tab[]] };

export const JOB_TYPES: Record<JobType, Declared> = DECLARED_TYPES;
export const GROUPS = Object.keys(DECLARED_GROUPS) as Group[];
const TYPES = Object.keys(JOB_TYPES) as JobType[];

/** The types of a group, in the order of a life. */
export const typesOf = (group: Group): JobType[] => TYPES.filter((type) => JOB_TYPES[type].group === group);

const named = <Name extends string>(names: Name[], label: (name: Name) => string): Record<Name, string> =>
  Object.fromEntries(names.map((name) => [name, label(name)])) as Record<Name, string>;

export const groupLabels = (language: Language): Record<Group, string> =>
  named(GROUPS, (group) => DECLARED_GROUPS[group][language]);
export const typeLabels = (language: Language): Record<JobType, string> =>
  named(TYPES, (type) => JOB_TYPES[type].label[language]);
