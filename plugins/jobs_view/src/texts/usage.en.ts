export const usage = {
  title: "Memory and CPU time",
  unmeasured: "No user code of this job was measured.",
  peakMemory: "Peak memory",
  allocated: "Largest allocation",
  cpuTime: "CPU time",
  requested: "Requested by the version",
  queue: (name: string) => `queue ${name}`,
  pool: (name: string) => `pool ${name}`,
  memory: (size: string) => `${size} of memory`,
  cpu: (time: string) => `${time} of CPU time`,
  time: (time: string) => `${time} of time`,
  allocation: (size: string) => `${size} allocated`,
  most: (jobs: number, values: string) =>
    `${jobs === 1 ? "The last completed job" : `The last ${String(jobs)} completed jobs`} of this type for the same model or feature task used at most: ${values}. This request would do for the next one:`,
};
