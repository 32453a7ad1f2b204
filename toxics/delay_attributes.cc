#include "toxics/delay_attributes.h"

#include <utility>

#include "toxics/burst_scores.h"
#include "toxics/words.h"

namespace faultline {

namespace {

/// In the order of the words of `distribution`.
enum class Distribution {
  kUniform,
  kNormal,
  kLognormal,
  kPareto,
  kNetemPareto,
  kExponential,
  kEmpirical,
  kNetemTable,
};

/// In the order of delay_attributes().
enum Index : std::size_t {
  kDelay,
  kJitter,
  kDistribution,
  kSigma,
  kShape,
  kMax,
  kSamples,
};

Result<void> check_named(const std::string& main, const Attributes& set,
                         const SampleTable* samples) {
  const std::int64_t delay = set[kDelay].number;
  const auto distribution = set[kDistribution].as<Distribution>();
  const bool is_pareto = distribution == Distribution::kPareto;
  if (delay <= 0 && (is_pareto || distribution == Distribution::kLognormal)) {
    return fail(ErrorKind::kInvalid,
                main + " must be more than 0 where distribution is lognormal or pareto");
  }
  if (delay < 0 && distribution == Distribution::kExponential) {
    return fail(ErrorKind::kInvalid, main + " must be at least 0");
  }
  if (is_pareto && set[kMax].number > 0 && set[kMax].number <= delay) {
    return fail(ErrorKind::kInvalid, "max must be more than " + main);
  }
  return delay_model(set, samples).map([](const DelayModel&) {});
}

}  // namespace

std::vector<AttributeType> delay_attributes(const std::string& main, const std::string& summary) {
  return {{main, "ms", summary},
          {"jitter", "ms", "up to this much more or less, drawn each time"},
          {.name = "distribution",
           .unit = "name",
           .summary = "how delays are spread: see docs/toxics.md",
           .quantity = Quantity::kChoice,
           .choices = {"uniform", "normal", "lognormal", "pareto", "netem_pareto", "exponential",
                       "empirical", "netem_table"},
           .is_extra = true},
          {.name = "sigma",
           .unit = "number",
           .summary = "lognormal: the deviation of the delays' logarithms",
           .default_value = AttributeValue::kMillion / 2,
           .at_most = 100 * AttributeValue::kMillion,
           .quantity = Quantity::kDecimal,
           .is_extra = true},
          {.name = "shape",
           .unit = "number",
           .summary = "pareto: the less, the heavier the tail",
           .default_value = 3 * AttributeValue::kMillion,
           .at_least = AttributeValue::kMillion / 10,
           .at_most = 1000 * AttributeValue::kMillion,
           .quantity = Quantity::kDecimal,
           .is_extra = true},
          {.name = "max",
           .unit = "ms",
           .summary = "lognormal and pareto: no delay is longer; 0 is no limit",
           .is_extra = true},
          {.name = "samples",
           .unit = "text",
           .summary = "empirical: measured delays in ms; netem_table: a distribution table of tc",
           .quantity = Quantity::kSamples,
           .is_extra = true}};
}

std::vector<AttributeType> wait_attributes(const std::string& main, const std::string& summary) {
  std::vector<AttributeType> attributes = delay_attributes(main, summary);
  attributes[kJitter].is_extra = true;
  return attributes;
}

AttributeType correlation_attribute(const std::string& summary) {
  return {.name = "correlation",
          .unit = "share",
          .summary = summary,
          .at_most = AttributeValue::kMillion,
          .quantity = Quantity::kProbability,
          .is_extra = true};
}

Result<DelayModel> delay_model(const Attributes& set, const SampleTable* samples) {
  const Duration delay = saturated_milliseconds(set[kDelay].number);
  const Duration jitter = saturated_milliseconds(set[kJitter].number);
  const std::int64_t most = set[kMax].number;
  const Duration max = most > 0 ? saturated_milliseconds(most) : kLongest;
  const auto distribution = set[kDistribution].as<Distribution>();
  const bool needs_samples =
      distribution == Distribution::kEmpirical || distribution == Distribution::kNetemTable;
  if (needs_samples && samples == nullptr) {
    return fail(ErrorKind::kInvalid,
                "this distribution needs samples: numbers, one a line, or @FILE on the command "
                "line or in the configuration");
  }
  switch (distribution) {
    case Distribution::kUniform:
      break;
    case Distribution::kNormal:
      return DelayModel::normal(delay, jitter);
    case Distribution::kLognormal:
      return DelayModel::lognormal(delay, set[kSigma].decimal(), max);
    case Distribution::kPareto:
      return DelayModel::pareto(delay, set[kShape].decimal(), max);
    case Distribution::kNetemPareto:
      return DelayModel::netem_pareto(delay, jitter);
    case Distribution::kExponential:
      return DelayModel::exponential(delay);
    case Distribution::kEmpirical:
      return DelayModel::empirical(*samples);
    case Distribution::kNetemTable:
      return DelayModel::netem_table(delay, jitter, *samples);
  }
  return DelayModel::uniform(delay, jitter);
}

std::function<Result<void>(const Attributes&, const SampleTable*)> check_delay(std::string main) {
  return [main = std::move(main)](const Attributes& set, const SampleTable* samples) {
    return check_named(main, set, samples);
  };
}

std::string delay_words(const Attributes& set) {
  const std::string delay = words_of_milliseconds(set[kDelay].number);
  const std::string jitter = words_of_milliseconds(set[kJitter].number);
  const std::string limit =
      set[kMax].number > 0 ? ", at most " + words_of_milliseconds(set[kMax].number) + ")" : ")";
  switch (set[kDistribution].as<Distribution>()) {
    case Distribution::kUniform:
      break;
    case Distribution::kNormal:
      return delay + " on average (normal, deviation " + jitter + ")";
    case Distribution::kLognormal:
      return delay + " in the median (lognormal, sigma " + words_of_decimal(set[kSigma]) + limit;
    case Distribution::kPareto:
      return delay + " or more (Pareto, shape " + words_of_decimal(set[kShape]) + limit;
    case Distribution::kNetemPareto:
      return delay + " on average (netem's Pareto, jitter " + jitter + ")";
    case Distribution::kExponential:
      return delay + " on average (exponential)";
    case Distribution::kEmpirical:
      return "a measured time (drawn from samples)";
    case Distribution::kNetemTable:
      return delay + " (spread by a table of netem's, jitter " + jitter + ")";
  }
  return set[kJitter].number == 0 ? delay : delay + " (± " + jitter + ")";
}

std::string correlation_words(const AttributeValue& correlation) {
  if (correlation.number == 0) return "";
  return ", each delay being " + words_of_share(correlation) + " like the one before";
}

Duration drawn_wait(const Attributes& set, const StageMemory& memory) {
  const Result<DelayModel> model = delay_model(set, memory.samples);
  return model ? model->at(BurstScores(memory.chance_key, 0).at(0)) : Duration(0);
}

}  // namespace faultline
