import { normalCdf, normalQuantile } from "../distributions.ts";

/** How the chance of a false alarm is spread over the looks. */
export type Spending =
  /** Lan & DeMets' form of O'Brien & Fleming: hardly any early. The choice for shipping. */
  | { readonly kind: "obrien-fleming" }
  /** Lan & DeMets' form of Pocock: nearly even. The choice for harm. */
  | { readonly kind: "pocock" }
  /** α·t^rho, `rho` above 0: 1 is even, 3 is near O'Brien & Fleming. */
  | { readonly kind: "power"; readonly rho: number }
  /** Any `gamma`: −4 is near O'Brien & Fleming, 1 near Pocock, 0 is even. */
  | { readonly kind: "hwang-shih-decani"; readonly gamma: number };

/**
 * The α of one tail that may be spent by the time that a share `t` (0…1) of the information is in; all
 * of it from 1 on.
 * Source: Lan & DeMets 1983; Kim & DeMets 1987; Hwang, Shih & DeCani 1990.
 */
export function spentAlpha(spending: Spending, alpha: number, t: number): number {
  if (t <= 0) return 0;
  if (t >= 1) return alpha;
  switch (spending.kind) {
    case "obrien-fleming":
      return 2 * normalCdf(normalQuantile(alpha / 2) / Math.sqrt(t));
    case "pocock":
      return alpha * Math.log1p((Math.E - 1) * t);
    case "power":
      return alpha * t ** spending.rho;
    case "hwang-shih-decani": {
      const { gamma } = spending;
      return gamma === 0 ? alpha * t : (alpha * Math.expm1(-gamma * t)) / Math.expm1(-gamma);
    }
  }
}
