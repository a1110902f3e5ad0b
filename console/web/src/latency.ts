// Quantiles of a histogram whose bucket i counts what took at most bounds[i], and whose last
// bucket what took longer.

export function difference(after: readonly number[], before: readonly number[]): number[] {
  return after.map((count, index) => count - (before[index] ?? 0));
}

// Null where nothing was counted. Within a bucket the values are taken as evenly spread.
export function quantile(bounds: readonly number[], counts: readonly number[], q: number): number | null {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total <= 0) return null;
  const rank = q * total;
  let below = 0;
  for (const [index, count] of counts.entries()) {
    if (count > 0 && below + count >= rank) {
      const low = index === 0 ? 0 : (bounds[index - 1] ?? 0);
      const high = bounds[index] ?? low;
      return low + (high - low) * ((rank - below) / count);
    }
    below += count;
  }
  return bounds[bounds.length - 1] ?? null;
}
