// What timelines do, in words.

#include "base/quantities.h"
#include "control-api/partition_words.h"
#include "control-api/timeline.h"
#include "toxics/words.h"

namespace faultline {

namespace {

/// For whom and when a toxic is: clauses for the end of a sentence.
std::string clauses_of(const ToxicSpec& fault) {
  std::string text;
  const double share = fault.match.share ? fault.match.share->share : 1;
  const double all = share * static_cast<double>(fault.toxicity);
  if (all < 1) text += ", for " + share_text(all) + " of the connections";
  if (fault.timing.pulse) {
    text += ", by turns " + words_of(fault.timing.pulse->on) + " on and " +
            words_of(fault.timing.pulse->off) + " off";
  }
  if (fault.reach.shadow) text += ", a shadow: it counts, and does nothing";
  return text;
}

}  // namespace

std::string in_words(const TimelineStep& step) {
  if (step.partition) {
    return state_in_words(*step.partition) + limits_in_words(*step.partition);
  }
  if (step.toxic) {
    return "on proxy " + step.proxy + ", " +
           step.toxic->type->words(step.toxic->attributes, step.toxic->direction) +
           clauses_of(*step.toxic);
  }
  return "nothing is done";
}

std::string in_words(const Timeline& timeline) {
  std::string text = timeline.name + ", " + duration_text(timeline.length) + " in all";
  text += (timeline.summary.empty() ? "" : ": " + timeline.summary) + "\n";
  for (const TimelineStep& step : timeline.steps) {
    text += "  " + duration_text(step.start) + " to " + duration_text(step.end) + "  " + step.name +
            ": " + in_words(step) + "\n";
  }
  return text;
}

}  // namespace faultline
