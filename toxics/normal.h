#pragma once

namespace faultline {

/// The share of a standard normal that lies below `score`, to 12 digits even
/// where it is as small as 1e-300. The share above it is normal_cdf(-score).
double normal_cdf(double score);

/// The score below which the share `p` of a standard normal lies, the inverse
/// of normal_cdf(): |error| < 1e-9 for 1e-300 <= p <= 1 - 1e-16; tests measure
/// it. Smaller p count as 1e-300 and larger as 1 - 2^-53, so any p is fine.
/// Of a p close to 1 little is left in a double: ask for -normal_quantile(1 - p),
/// with 1 - p from where it was made.
double normal_quantile(double p);

/// The score among those below `limit` that stands where `score` stands among
/// all: `score` drawn from a standard normal gives a normal cut off at `limit`,
/// as if draws above it were thrown away and drawn anew.
double truncated_score(double score, double limit);

}  // namespace faultline
