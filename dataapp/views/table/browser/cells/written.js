// Values as the author of an explorer wants them to be written, and where on a scale they lie.

const SIZES = ["", "k", "M", "G", "T", "P", "E"];
const MOMENT = /^(?:(\d{4})-(\d\d)-(\d\d))?[ T]?(?:(\d\d):(\d\d):(\d\d)(?:\.(\d+))?)?([+-]\d\d(?::?\d\d)?)?$/;

/** The style of a column that has a format, or null where its values are written as usual. */
export function writtenStyle({format}) {
  if (format?.number) return new WrittenNumber(format);
  return format?.date ? new WrittenDate(format.date) : null;
}

class WrittenNumber {
  constructor({number, around}) {
    Object.assign(this, number);
    [this.before, this.after] = around;
  }

  see() {}

  format(value) {
    const text = this.#digits(value);
    const isNegative = text.startsWith("-") && /[1-9]/.test(text);
    const plain = text.replace("-", "");
    const sign = isNegative ? "−" : this.sign ? "+" : "";
    return `${sign}${this.before}${this.thousands ? group(plain) : plain}${this.after}`;
  }

  #digits(value) {
    const {type, decimals} = this;
    if (type === "e") return Number(value).toExponential(decimals < 0 ? 6 : decimals).replace("e+", "e");
    if (type === "s") return short(Number(value), decimals < 0 ? 3 : decimals);
    if (type === "%") return `${fixed(shifted(value), decimals < 0 ? 6 : decimals)}%`;
    if (type === "d") return fixed(value, 0);
    if (type === "f") return fixed(value, decimals < 0 ? 6 : decimals);
    return decimals < 0 ? plainText(value) : fixed(value, decimals);
  }
}

const group = (text) => text.replace(/^\d+/, (digits) => digits.replace(/\B(?=(\d{3})+$)/g, ","));

/** A number in full, without an exponent. */
function plainText(value) {
  const text = String(value);
  if (!text.includes("e")) return text;
  return Math.abs(value) < 1 ? Number(value).toFixed(20).replace(/\.?0+$/, "") : BigInt(value).toString();
}

/** So many decimals, to the last digit also of numbers that a browser cannot hold. */
function fixed(value, decimals) {
  if (typeof value === "number" && Math.abs(value) < 1e21) return value.toFixed(decimals);
  const [, sign, whole, fraction = ""] = /^(-?)(\d+)(?:\.(\d*))?$/.exec(plainText(value)) ?? [];
  if (whole === undefined) return String(value);
  const digits = BigInt(whole + fraction.slice(0, decimals).padEnd(decimals, "0"));
  const rounded = String(digits + (Number(fraction[decimals] ?? 0) >= 5 ? 1n : 0n)).padStart(decimals + 1, "0");
  return decimals === 0 ? sign + rounded : `${sign}${rounded.slice(0, -decimals)}.${rounded.slice(-decimals)}`;
}

/** A hundred times a number. */
function shifted(value) {
  if (typeof value === "number") return value * 100;
  const [whole, fraction = ""] = String(value).split(".");
  const moved = `${whole}${fraction.slice(0, 2).padEnd(2, "0")}.${fraction.slice(2)}`;
  return moved.replace(/^(-?)0+(?=\d)/, "$1").replace(/\.$/, "");
}

/** 1.23M for 1234567: so many digits that matter. */
function short(value, digits) {
  if (value === 0) return "0";
  const rounded = Number(value.toPrecision(Math.max(1, digits))); // first: 999,999 is 1M, not 1000k
  const size = Math.min(SIZES.length - 1, Math.max(0, Math.floor(Math.log10(Math.abs(rounded)) / 3)));
  return `${Number((rounded / 1000 ** size).toPrecision(15))}${SIZES[size]}`;
}

class WrittenDate {
  constructor(pattern) {
    this.pattern = pattern;
  }

  see() {}

  format(value) {
    const found = MOMENT.exec(value);
    if (!found) return value; // before our era, or infinite
    const [, year = "1970", month = "01", day = "01", hour = "00", minute = "00", second = "00", rest = ""] = found;
    const date = new Date(Date.UTC(2000, month - 1, day));
    date.setUTCFullYear(Number(year));
    const name = (part, length) => new Intl.DateTimeFormat("en", {[part]: length, timeZone: "UTC"}).format(date);
    const codes = {
      Y: () => year,
      y: () => year.slice(2),
      m: () => month,
      d: () => day,
      e: () => String(Number(day)),
      H: () => hour,
      I: () => String(((Number(hour) + 11) % 12) + 1).padStart(2, "0"),
      M: () => minute,
      S: () => second,
      f: () => rest.padEnd(6, "0").slice(0, 6),
      p: () => (Number(hour) < 12 ? "AM" : "PM"),
      b: () => name("month", "short"),
      B: () => name("month", "long"),
      a: () => name("weekday", "short"),
      A: () => name("weekday", "long"),
      j: () => String(Math.round((date - Date.UTC(Number(year), 0, 1)) / 86_400_000) + 1).padStart(3, "0"),
      "%": () => "%",
    };
    return this.pattern.replace(/%(.)/g, (_, code) => codes[code]());
  }
}

/** What to draw behind a value: {scale, from, to} in percent of the cell, or {scale, side, depth}; null for nothing. */
export function placeOnScale(scale, value, [low, high]) {
  const number = value === null || value === undefined || typeof value === "boolean" ? NaN : Number(value);
  if (!Number.isFinite(number)) return null;
  if (scale === "bar") {
    const [least, most] = [Math.min(0, low), Math.max(0, high)];
    if (most === least) return null;
    const [zero, end] = [0, number].map((one) => Math.min(100, Math.max(0, (100 * (one - least)) / (most - least))));
    return {scale, side: number < 0 ? "below" : "above", from: Math.min(zero, end), to: Math.max(zero, end)};
  }
  if (scale === "sequential") {
    return {scale, side: "above", depth: high === low ? 0 : clamp((number - low) / (high - low))};
  }
  const most = Math.max(Math.abs(low), Math.abs(high));
  return {scale, side: number < 0 ? "below" : "above", depth: most === 0 ? 0 : clamp(Math.abs(number) / most)};
}

const clamp = (share) => Math.min(1, Math.max(0, share));
