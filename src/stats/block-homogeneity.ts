import { blockVariance } from "./block-variance.ts";
import { fCdf } from "./distributions.ts";

/** How often each category was seen in each block: `counts[block][category]`, in order of time. */
export type CategoryBlocks = readonly (readonly number[])[];

export interface Homogeneity {
  /** Pearson's χ² of the two rows of counts, as if all were independent. */
  readonly chiSquare: number;
  /** √(χ²/n) of two rows: 0 when the mixes are equal, 1 when they have nothing in common. */
  readonly cramersV: number;
  /** By how much dependence within blocks makes χ² larger than its degrees of freedom; from 1. */
  readonly designEffect: number;
  readonly df: number;
  readonly pValue: number;
}

interface Sample {
  readonly total: number;
  readonly shares: readonly number[];
  /** Of the shares, by block and category. */
  readonly influence: readonly (readonly number[])[];
}

const sum = (values: readonly number[]): number => values.reduce((total, one) => total + one, 0);

function sampleOf(blocks: CategoryBlocks, categories: number): Sample {
  const counts = Array.from({ length: categories }, (_, j) => sum(blocks.map((row) => row[j]!)));
  const total = sum(counts);
  const shares = counts.map((count) => count / total);
  const influence = blocks.map((row) => {
    const size = sum(row);
    return row.map((count, j) => (count - shares[j]! * size) / total);
  });
  return { total, shares, influence };
}

/** Σ over blocks of the products of two categories' influences, about their means (which are 0). */
function crossProducts({ influence }: Sample, scale: readonly number[]): number[][] {
  const rows = influence.map((row) => row.map((value, j) => value * scale[j]!));
  const correction = rows.length / (rows.length - 1);
  return scale.map((_, i) =>
    scale.map((__, j) => correction * sum(rows.map((row) => row[i]! * row[j]!))),
  );
}

/**
 * Whether two samples have the same mix, where values within a block of time may depend on each
 * other: Pearson's χ² against what it would be by chance, which is a weighted sum of χ² variables
 * whose weights (the generalised design effects) come from the blocks. Its first two moments are
 * matched (Satterthwaite), with the sum of squared weights freed from the noise of few blocks
 * (Srivastava), and an F reference for weights that are estimated.
 *
 * Each category must have been seen; pool rare ones first.
 * Source: Rao & Scott 1981, 1984; Thomas & Rao 1987; Srivastava 2005 (Lemma 3.1).
 */
export function blockHomogeneity(first: CategoryBlocks, second: CategoryBlocks): Homogeneity {
  const categories = first[0]?.length ?? 0;
  const samples = [sampleOf(first, categories), sampleOf(second, categories)] as const;
  const [a, b] = samples;
  const pooled = a.shares.map(
    (share, j) => (share * a.total + b.shares[j]! * b.total) / (a.total + b.total),
  );
  const distance = sum(pooled.map((p, j) => (a.shares[j]! - b.shares[j]!) ** 2 / p));
  const independent = 1 / a.total + 1 / b.total;
  const scale = pooled.map((p) => 1 / Math.sqrt(p));
  const products = samples.map((sample) => crossProducts(sample, scale));
  const matrix = scale.map((_, i) =>
    scale.map((__, j) => products[0]![i]![j]! + products[1]![i]![j]!),
  );
  const trace = sum(matrix.map((row, i) => row[i]!));
  const traceOfSquare = sum(matrix.flat().map((value) => value * value));

  // Neighbouring blocks that resemble each other add to the variances what they do one by one.
  const variance = sum(
    samples.flatMap(({ influence }) =>
      scale.map((s, j) => blockVariance(influence.map((row) => row[j]! * s)).variance),
    ),
  );
  const dfMax = categories - 1;
  const blocks = first.length + second.length - 2;
  const squares =
    (blocks ** 2 / ((blocks - 1) * (blocks + 2))) * (traceOfSquare - trace ** 2 / blocks);
  // Blocks that are all alike vary by nothing: what independent values would is what is left.
  const matched = trace === 0 ? dfMax : trace ** 2 / Math.max(squares, trace ** 2 / dfMax);
  const df = Math.min(Math.max(matched, 1), dfMax);
  const expected = Math.max(variance, trace, dfMax * independent);
  const blocksLeft = Math.max(blocks * Math.min(1, trace / expected), 2);
  return {
    chiSquare: distance / independent,
    cramersV: Math.sqrt(distance / independent / (a.total + b.total)),
    designEffect: expected / (dfMax * independent),
    df,
    pValue: 1 - fCdf(distance / expected, df, df * blocksLeft),
  };
}
