/** Times, durations and numbers as people of a language read them. */
import type { Unit } from "../api/client";
import type { Texts } from "./en";

/** Browsers give what is typed so far: the year 2, 20, 202, 2026. */
const WHOLE_YEAR = /^[1-9]\d{3}-/;
const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Milliseconds: where the clocks change, a day has 23 hours. */
const ALMOST_A_DAY = 23 * HOUR * 1000;
/** Significant digits of a number by itself, and as many as tell each number from every other. */
const LEAST = 6;
const MOST = 17;
/** Outside of these a number is written with a power of ten. */
const SMALLEST = 1e-6;
const LARGEST = 1e15;

export class Formats {
  readonly #moment: Intl.DateTimeFormat;
  readonly #day: Intl.DateTimeFormat;
  readonly #clock: Intl.DateTimeFormat;
  readonly #ago: Intl.RelativeTimeFormat;
  readonly #language: string;
  readonly #number: Intl.NumberFormat;
  readonly #compact: Intl.NumberFormat;
  readonly #texts: Texts;
  readonly #wall: Intl.DateTimeFormat;
  /** By their options: to make one takes longer than to format many numbers. */
  readonly #numbers = new Map<string, Intl.NumberFormat>();
  readonly #shortMoment: Intl.DateTimeFormat;
  readonly #share: Intl.NumberFormat;
  readonly #periods: Record<Unit, Intl.DateTimeFormat>;
  /** The name of the time zone of all times that are shown. */
  readonly timeZone: string;

  constructor(language: string, timeZone: string, texts: Texts) {
    this.timeZone = timeZone;
    this.#language = language;
    const time = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23", timeZone } as const;
    this.#moment = new Intl.DateTimeFormat(language, {
      year: "numeric",
      month: "short",
      day: "numeric",
      ...time,
      timeZoneName: "short",
    });
    this.#day = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeZone });
    this.#shortMoment = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short", timeZone });
    this.#clock = new Intl.DateTimeFormat(language, { ...time, fractionalSecondDigits: 3 });
    this.#ago = new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "short" });
    this.#number = new Intl.NumberFormat(language, { maximumSignificantDigits: LEAST });
    this.#compact = new Intl.NumberFormat(language, { notation: "compact", maximumSignificantDigits: 3 });
    this.#share = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1 });
    const day = new Intl.DateTimeFormat(language, { day: "numeric", month: "short", timeZone });
    this.#periods = {
      hour: new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone }),
      day,
      week: day,
      month: new Intl.DateTimeFormat(language, { month: "short", year: "numeric", timeZone }),
    };
    this.#texts = texts;
    this.#wall = new Intl.DateTimeFormat("sv", { ...time, year: "numeric", month: "2-digit", day: "2-digit" });
  }

  /** A day and a time, with the time zone. */
  moment(at: string): string {
    return this.#moment.format(new Date(at));
  }

  /** A day, with its year. */
  day(at: string): string {
    return this.#day.format(new Date(at));
  }

  /** A day and a time, to the minute. */
  shortMoment(at: string): string {
    return this.#shortMoment.format(new Date(at));
  }

  /** A data interval: its days if it is about a day or longer. */
  interval(start: string, end: string): string {
    const [first, last] = [new Date(start), new Date(end)];
    return last.getTime() - first.getTime() < ALMOST_A_DAY
      ? this.#shortMoment.formatRange(first, last)
      : this.#day.formatRange(first, new Date(last.getTime() - 1));
  }

  /** A time of day, to the millisecond. */
  clock(at: string): string {
    return this.#clock.format(new Date(at));
  }

  /** The instant at which the clocks of the time zone show this, as `2026-03-01T12:00`; "" if that is no time.

  Where the clocks change, they show some times twice, of which the later one is meant, and some never, which go on from
  the time before. PostgreSQL takes them so too, and begins the periods of the analysis there.
  */
  instant(wall: string): string {
    const shown = Date.parse(`${wall}Z`);
    if (Number.isNaN(shown) || !WHOLE_YEAR.test(wall)) {
      return "";
    }
    const read = [-DAY, DAY].map((away) => shown - this.#ahead(shown + away * 1000)).filter(Number.isFinite);
    const fitting = read.filter((at) => at + this.#ahead(at) === shown);
    return new Date(Math.max(...(fitting.length > 0 ? fitting : read))).toISOString();
  }

  /** How many milliseconds the zone's clocks are ahead of UTC at an instant. */
  #ahead(at: number): number {
    return Date.parse(`${this.#wall.format(at).replace(" ", "T")}Z`) - at;
  }

  /** What the clocks of the time zone show, as `2026-03-01T12:00`. */
  wall(at: string | number): string {
    return this.#wall.format(new Date(at)).replace(" ", "T").slice(0, 16);
  }

  /** The start of an hour, a day, a week or a month. */
  period(at: string | number, unit: Unit): string {
    return this.#periods[unit].format(new Date(at));
  }

  /** A share of one, in percent. */
  share(value: number | null | undefined): string {
    return value === null || value === undefined ? "–" : this.#share.format(value);
  }

  /** How long ago, in the largest unit that fits; what is yet to come, by clocks that differ, is now. */
  ago(at: string, now: number): string {
    const seconds = Math.max(0, Math.round((now - new Date(at).getTime()) / 1000));
    const minutes = Math.round(seconds / MINUTE);
    const hours = Math.round(seconds / HOUR);
    const [number, unit] =
      seconds < MINUTE
        ? ([seconds, "second"] as const)
        : minutes < 60
          ? ([minutes, "minute"] as const)
          : hours < 24
            ? ([hours, "hour"] as const)
            : ([Math.round(seconds / DAY), "day"] as const);
    return this.#ago.format(-number, unit);
  }

  /** Seconds, in the two largest units; none below zero, which clocks that differ make. */
  duration(seconds: number | null | undefined): string {
    if (seconds === null || seconds === undefined) {
      return "–";
    }
    const units = this.#texts.units;
    // Each unit's number is rounded before the unit is chosen: there are no 1000 ms, and no 60 s.
    const milliseconds = Math.max(0, Math.round(seconds * 1000));
    if (milliseconds < 1000) {
      return `${String(milliseconds)} ${units.millisecond}`;
    }
    const tenths = Math.round(seconds * 10) / 10;
    if (tenths < MINUTE) {
      return `${this.#number.format(tenths)} ${units.second}`;
    }
    const whole = Math.round(seconds);
    const [large, small, per, names] =
      whole < HOUR
        ? [Math.floor(whole / MINUTE), whole % MINUTE, 2, [units.minute, units.second]]
        : whole < DAY
          ? [Math.floor(whole / HOUR), Math.floor((whole % HOUR) / MINUTE), 2, [units.hour, units.minute]]
          : [Math.floor(whole / DAY), Math.floor((whole % DAY) / HOUR), 1, [units.day, units.hour]];
    return `${this.#number.format(large)} ${names[0] ?? ""} ${String(small).padStart(per, "0")} ${names[1] ?? ""}`;
  }

  /** A difference, with its sign, to four digits of its own. */
  signed(value: number): string {
    return this.#toDigits(value, 4, "exceptZero");
  }

  /** An amount of memory, to three digits, in the units of `resources.memory`. */
  memory(size: number): string {
    const { mebibyte, gibibyte } = this.#texts.units;
    const mebibytes = Number((size / 2 ** 20).toPrecision(3));
    const [amount, unit] =
      mebibytes < 1000 ? [mebibytes, mebibyte] : [Number((size / 2 ** 30).toPrecision(3)), gibibyte];
    return `${this.#number.format(amount)} ${unit}`;
  }

  /** A file's size, to three digits. */
  bytes(size: number): string {
    const rounded = size < 1e3 ? size : Number(size.toPrecision(3));
    const [divisor, unit] =
      rounded < 1e3
        ? [1, "byte"]
        : rounded < 1e6
          ? [1e3, "kilobyte"]
          : rounded < 1e9
            ? [1e6, "megabyte"]
            : [1e9, "gigabyte"];
    const unitDisplay = unit === "byte" ? "long" : "short";
    return new Intl.NumberFormat(this.#language, { style: "unit", unit, unitDisplay }).format(rounded / divisor);
  }

  /** Whole numbers in full, others to six digits. */
  number(value: number): string {
    return this.#toDigits(value, LEAST);
  }

  /** Three digits of a number, in little room: 1.23M. */
  compact(value: number): string {
    const size = Math.abs(value);
    return size !== 0 && (size < SMALLEST || size >= LARGEST)
      ? this.number(Number(value.toPrecision(3)))
      : this.#compact.format(value);
  }

  /** Numbers that are compared: as `number`, or to more digits, until different ones look different. */
  compared(values: number[]): string[] {
    const different = new Set(values).size;
    for (let digits = LEAST; digits < MOST; digits += 1) {
      const shown = values.map((value) => this.#toDigits(value, digits));
      if (new Set(shown).size === different) {
        return shown;
      }
    }
    return values.map((value) => this.#toDigits(value, MOST));
  }

  #toDigits(value: number, digits: number, signDisplay: "auto" | "exceptZero" = "auto"): string {
    const size = Math.abs(value);
    const ordinary = size === 0 || (size >= SMALLEST && size < LARGEST);
    const isInFull = ordinary && Number.isInteger(value);
    const key = `${signDisplay} ${String(ordinary)} ${isInFull ? "" : String(digits)}`;
    let format = this.#numbers.get(key);
    if (format === undefined) {
      format = new Intl.NumberFormat(this.#language, {
        signDisplay,
        ...(ordinary ? {} : { notation: "scientific" }),
        ...(isInFull ? {} : { maximumSignificantDigits: digits }),
      });
      this.#numbers.set(key, format);
    }
    return format.format(value + 0); // no -0
  }
}
