/** What a job has used, what its version requests, and the next request. */
import type { JobUsage } from "../api/client";
import type { Texts } from "../texts/en";
import type { Formats } from "../texts/formats";

const MIB = 2 ** 20;
const GIB = 2 ** 30;

/** The measured values under their names; none if no user code was measured. */
export const used = (usage: JobUsage, texts: Texts["usage"], formats: Formats): [string, string][] => {
  const { peak_memory: memory, peak_allocated: allocated, cpu_seconds: cpu } = usage;
  return [
    ...(memory === null ? [] : [[texts.peakMemory, formats.memory(memory)] satisfies [string, string]]),
    ...(allocated === null ? [] : [[texts.allocated, formats.memory(allocated)] satisfies [string, string]]),
    ...(cpu === null ? [] : [[texts.cpuTime, formats.duration(cpu)] satisfies [string, string]]),
  ];
};

/** What the version requests, each key as text. */
export const requested = ({ requested: own }: JobUsage, texts: Texts["usage"], formats: Formats): string[] => [
  ...(own.queue === null ? [] : [texts.queue(own.queue)]),
  ...(own.pool === null ? [] : [texts.pool(own.pool)]),
  ...(own.memory === null ? [] : [texts.memory(formats.memory(own.memory))]),
  ...(own.cpu_seconds === null ? [] : [texts.cpu(formats.duration(own.cpu_seconds))]),
  ...(own.seconds === null ? [] : [texts.time(formats.duration(own.seconds))]),
];

/** The most that recent jobs have used, each value as text. */
export const mostUsed = (
  recent: NonNullable<JobUsage["recent"]>,
  texts: Texts["usage"],
  formats: Formats,
): string[] => [
  texts.memory(formats.memory(recent.peak_memory)),
  texts.allocation(formats.memory(recent.peak_allocated)),
  texts.cpu(formats.duration(recent.cpu_seconds)),
];

/** A size as config.json and task.yaml have it, whatever the reader's language. */
export const sizeToWrite = (size: number): string =>
  size % (GIB / 4) === 0 && size >= GIB ? `${String(size / GIB)} GiB` : `${String(Math.ceil(size / MIB))} MiB`;

/** The section of config.json, which YAML reads too; it keeps the queue, the pool and the time of the version. */
export const nextRequest = ({ requested: own, recent }: JobUsage): string | null => {
  if (recent === null) {
    return null;
  }
  const section = {
    ...(own.queue === null ? {} : { queue: own.queue }),
    ...(own.pool === null ? {} : { pool: own.pool }),
    memory: sizeToWrite(recent.memory),
    cpu_seconds: recent.cpu_seconds_to_request,
    ...(own.seconds === null ? {} : { seconds: own.seconds }),
  };
  const keys = Object.entries(section).map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`);
  return `"resources": {${keys.join(", ")}}`;
};
